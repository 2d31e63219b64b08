# Group sequential designs as rpact computes them: bounds, futility, power, expected information, inference.
# Run from the repository's root: Rscript tests/reference/make_sequential_gs.R
suppressMessages(library(rpact))
setLogLevel("DISABLED")

# The strictest that rpact accepts. Its integration has a fixed grid, which the tolerances allow for.
STRICT <- 1e-10
# Above this z rpact's bounds drift, and are infinite from 8 on; the quadratures of make_sequential_gs.py settle those.
DRIFTS <- 4.5
# One-sided bounds keep 6 digits only (two-sided ones 8): the same quadratures agree with ours to 12.
digits <- function(sided) if (sided == 1) 1e-6 else 3e-8
SIDES <- c("greater", "two-sided")

cases <- list()
add <- function(call, with, expect, tolerance, note = NULL) {
  case <- list(call = paste0("sequential.", call), with = with, expect = expect, tolerance = tolerance)
  if (!is.null(note)) case$note <- note
  cases[[length(cases) + 1]] <<- case
}
make <- function(name, ...) list(make = paste0("sequential.", name), with = setNames(list(...), ...names()))
plain <- function(name) list(make = paste0("sequential.", name), with = setNames(list(), character(0)))

uneven <- c(0.15, 0.4, 0.55, 0.9, 1)
times <- list(c(0.5, 1), (1:5) / 5, uneven, (1:10) / 10)
spendings <- list(
  list(type = "asOF", name = "ObrienFlemingSpending", spending = plain("ObrienFlemingSpending")),
  list(type = "asP", name = "PocockSpending", spending = plain("PocockSpending")),
  list(type = "asKD", gammaA = 2, name = "KimDeMets", spending = make("KimDeMets", power = 2)),
  list(type = "asHSD", gammaA = -4, name = "HwangShihDeCani", spending = make("HwangShihDeCani", gamma = -4)),
  list(type = "asHSD", gammaA = 1.5, name = "HwangShihDeCani", spending = make("HwangShihDeCani", gamma = 1.5)),
  list(type = "asHSD", gammaA = 0, name = "HwangShihDeCani", spending = make("HwangShihDeCani", gamma = 0))
)
design <- function(time, alpha, sided, ...) {
  getDesignGroupSequential(
    informationRates = time, alpha = alpha, sided = sided, tolerance = STRICT,
    twoSidedPower = if (sided == 2) TRUE else NA, ...
  )
}

for (time in times) for (sided in 1:2) for (s in spendings) for (alpha in c(0.01, 0.05)) {
  gamma <- if (is.null(s$gammaA)) NA_real_ else s$gammaA
  d <- design(time, alpha, sided, typeOfDesign = s$type, gammaA = gamma)
  if (max(d$criticalValues) > DRIFTS) next
  add("spending_bounds",
    list(fraction = time, alpha = alpha, spending = s$spending, alternative = SIDES[sided]),
    list(upper = d$criticalValues), digits(sided))
}
for (s in spendings) {
  gamma <- if (is.null(s$gammaA)) NA_real_ else s$gammaA
  d <- design(uneven, 0.03, 1, typeOfDesign = s$type, gammaA = gamma)
  add("spent", list(spending = s$spending, fraction = uneven, alpha = 0.03), list(VALUE = c(head(d$alphaSpent, -1), 0.03)), 1e-8,
    "as the error of rpact's bounds; it takes 1e-8 off the last")
}
user <- c(0.001, 0.004, 0.008, 0.02, 0.025)
d <- design(uneven, 0.025, 1, typeOfDesign = "asUser", userAlphaSpending = user)
table <- make("TableSpending", fraction = uneven, share = user / 0.025)
add("spending_bounds", list(fraction = uneven, alpha = 0.025, spending = table, alternative = "greater"),
  list(upper = d$criticalValues), digits(1))

for (time in times) for (sided in 1:2) for (alpha in c(0.01, 0.05)) {
  classical <- list(
    list("pocock_bounds", list(), design(time, alpha, sided, typeOfDesign = "P")),
    list("obrien_fleming_bounds", list(), design(time, alpha, sided, typeOfDesign = "OF")),
    list("wang_tsiatis_bounds", list(shape = 0.3),
      design(time, alpha, sided, typeOfDesign = "WT", deltaWT = 0.3)),
    list("haybittle_peto_bounds", list(early = 3.2),
      design(time, alpha, sided, typeOfDesign = "HP", constantBoundsHP = 3.2))
  )
  for (c in classical) {
    if (max(c[[3]]$criticalValues) > DRIFTS) next
    add(c[[1]], c(list(fraction = time, alpha = alpha, alternative = SIDES[sided]), c[[2]]),
      list(upper = c[[3]]$criticalValues), digits(sided))
  }
}

# Power, expected information, drift and inflation; rpact's theta is per √unit, so that 100 units make a drift.
drifts <- c(0, 1, 2.5, 4)
for (time in times) for (sided in 1:2) for (type in c("asOF", "asP")) {
  d <- design(time, 0.05, sided, typeOfDesign = type, beta = 0.2)
  p <- getPowerAndAverageSampleNumber(d, theta = drifts / 10, nMax = 100)
  name <- if (type == "asOF") "ObrienFlemingSpending" else "PocockSpending"
  mine <- make("spending_bounds", fraction = time, alpha = 0.05, spending = plain(name), alternative = SIDES[sided])
  add("characteristics", list(design = mine, drift = drifts),
    list(power = p$overallReject, expected_fraction = p$averageSampleNumber / 100), 3e-7)
  ch <- getDesignCharacteristics(d)
  add("drift_for_power", list(design = mine, power = 0.8), list(VALUE = sqrt(ch$shift)), 3e-7)
  if (sided == 1) {
    add("sequential_plan", list(design = mine, effect = 0.1, power = 0.8), list(
      inflation = ch$inflationFactor, information = ch$shift / 0.1^2,
      expected_information = ch$averageSampleNumber1 * ch$nFixed / 0.1^2,
      expected_information_null = ch$averageSampleNumber0 * ch$nFixed / 0.1^2
    ), 3e-7)
  }
}

# Futility bounds; at the last look ours meets the efficacy bound, which rpact leaves out.
betas <- list(
  list("bsOF", plain("ObrienFlemingSpending"), NA_real_), list("bsP", plain("PocockSpending"), NA_real_),
  list("bsHSD", make("HwangShihDeCani", gamma = -3), -3), list("bsKD", make("KimDeMets", power = 1.5), 1.5)
)
for (time in times) for (b in betas) for (binding in c(FALSE, TRUE)) {
  d <- getDesignGroupSequential(
    informationRates = time, alpha = 0.025, beta = 0.2, sided = 1, typeOfDesign = sub("bs", "as", b[[1]]), gammaA = b[[3]],
    typeBetaSpending = b[[1]], gammaB = b[[3]], bindingFutility = binding, tolerance = STRICT
  )
  if (max(d$criticalValues) > DRIFTS) next
  ch <- getDesignCharacteristics(d)
  mine <- make("spending_bounds", fraction = time, alpha = 0.025, spending = b[[2]], alternative = "greater")
  both <- list(design = mine, beta = 0.2, spending = b[[2]], binding = binding)
  last <- length(time)
  add("futility_bounds", both, list(
    upper = d$criticalValues, futility = c(d$futilityBounds, d$criticalValues[last]),
    spent_beta = d$betaSpent, drift = sqrt(ch$shift)
  ), 2e-6, "rpact finds the drift and the bounds in one search, to about 1e-7")
}

# Inference at the last look of a one-sample trial with 30, 30 and 40 units.
time <- c(0.3, 0.6, 1)
for (means in list(c(0.1, 0.3, 0.2), c(0, 0.1, 0.05), c(-0.2, 0.1, -0.1), c(0.2, 0.2, 0.3)))
  for (type in c("asOF", "asP")) {
    d <- design(time, 0.025, 1, typeOfDesign = type)
    data <- getDataset(n = c(30, 30, 40), means = means, stDevs = c(1, 1, 1))
    stage <- getStageResults(d, data, normalApproximation = TRUE, stage = 3)
    p <- getFinalPValue(stage)
    if (is.na(p$pFinal) || p$finalStage < 3) next
    ci <- getFinalConfidenceInterval(d, data, normalApproximation = TRUE, stage = 3, tolerance = 1e-12)
    z <- stage$overallTestStatistics
    name <- if (type == "asOF") "ObrienFlemingSpending" else "PocockSpending"
    mine <- make("spending_bounds", fraction = time, alpha = 0.025, spending = plain(name), alternative = "greater")
    add("stagewise", list(design = mine, statistic = z[3]), list(
      p_value = p$pFinal, estimate = ci$medianUnbiasedGeneral * 10,
      lower = ci$finalConfidenceIntervalGeneral[1] * 10
    ), 1e-6)
    repeated <- getRepeatedPValues(stage, tolerance = 1e-12)
    for (k in 1:3) {
      if (any(repeated[1:k] > 0.49)) break # rpact searches up to 0.5
      add("repeated_p_values",
        list(statistic = I(z[1:k]), fraction = I(time[1:k]), spending = plain(name), alternative = "greater"),
        list(VALUE = I(repeated[1:k])), 1e-6)
    }
  }

book <- list(
  source = "rpact",
  versions = list(R = as.character(getRversion()), rpact = as.character(packageVersion("rpact"))),
  command = "Rscript tests/reference/make_sequential_gs.R", date = as.character(Sys.Date()),
  tolerance = 3e-8, cases = cases
)
json <- jsonlite::toJSON(book, auto_unbox = TRUE, digits = I(17))
writeLines(
  gsub('"VALUE":', '"":', json, fixed = TRUE), # R has no empty names; "" is the answer itself.
  "tests/reference/books/sequential_gs_rpact.json"
)
