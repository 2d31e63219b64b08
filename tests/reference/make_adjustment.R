# Makes books/adjustment_regression.json: estimates and standard errors of adjusted differences by R's lm,
# sandwich and estimatr. Run from the top of the repository.
suppressPackageStartupMessages({
  library(jsonlite)
  library(estimatr)
  library(sandwich)
})
set.seed(20261123)

units <- function(n_c, n_t, skew = TRUE) {
  arm <- rep(0:1, c(n_c, n_t))
  x <- round(if (skew) rgamma(n_c + n_t, 1.2, 0.3) else rnorm(n_c + n_t, 50, 10), 3)
  z <- round(runif(n_c + n_t), 3)
  d <- rpois(n_c + n_t, 2) + 1
  y <- round(2 + x * (0.6 + 0.3 * arm) + 3 * z + d + arm + rnorm(n_c + n_t) * (0.5 + x / 4), 3)
  data.frame(y, d, x, z, arm)
}

moments <- function(u, arm, ...) {
  part <- u[u$arm == arm, ]
  list(make = "Moments.of", with = lapply(part[c(...)], I))
}
comoments <- function(u, arm, covariates, d = FALSE) {
  part <- u[u$arm == arm, ]
  with <- list(y = I(part$y), x = lapply(part[covariates], I))
  if (d) with$d <- I(part$d)
  list(make = "adjustment.Comoments.of", with = with)
}
arms <- function(make, u, ...) list(control = make(u, 0, ...), treatment = make(u, 1, ...))

# lm's coefficient of the arm, with a sandwich whose middle is one residual variance per arm: the squared
# residuals of the arm over the sum of one minus their leverage.
pooled <- function(u, formula) {
  fit <- lm(formula, u)
  rest <- 1 - hatvalues(fit)
  omega <- ave(residuals(fit)^2, u$arm, FUN = sum) / ave(rest, u$arm, FUN = sum)
  list(estimate = coef(fit)[["arm"]], std_error = sqrt(vcovHC(fit, omega = omega)["arm", "arm"]))
}
linearised <- function(u) {
  ratio <- ave(u$y, u$arm, FUN = sum) / ave(u$d, u$arm, FUN = sum)
  u$y <- ratio + (u$y - ratio * u$d) / ave(u$d, u$arm)
  u
}

# A regression per arm, both predicted at the pooled means of the covariates.
separate <- function(u, formula) {
  at <- as.data.frame(as.list(colMeans(u)))
  read <- lapply(0:1, function(a) predict(lm(formula, u[u$arm == a, ]), at, se.fit = TRUE))
  list(
    estimate = read[[2]]$fit[[1]] - read[[1]]$fit[[1]],
    std_error = sqrt(read[[1]]$se.fit^2 + read[[2]]$se.fit^2)
  )
}

hc2 <- function(u) {
  fit <- lm_lin(y ~ arm, ~x, data = u, se_type = "HC2")
  list(estimate = fit$coefficients[["arm"]], std_error = fit$std.error[["arm"]])
}
samples <- function(u, arm) {
  part <- u[u$arm == arm, ]
  list(make = "Samples", with = list(y = I(part$y), x = I(part$x)))
}

blocked <- function(u) {
  fit <- suppressWarnings(difference_in_means(y ~ arm, blocks = stratum, data = u))
  list(estimate = fit$coefficients[["arm"]], std_error = fit$std.error[["arm"]])
}
strata <- function(u, arm) {
  part <- u[u$arm == arm, ]
  m <- function(f) I(as.vector(tapply(part$y, part$stratum, f)))
  n <- m(length)
  made <- list(n = n, mean_y = m(mean), m2_y = m(function(v) sum((v - mean(v))^2)))
  list(make = "adjustment.Strata", with = list(moments = list(make = "Moments", with = made)))
}

saving <- function(u, covariates) {
  of <- function(name) residuals(lm(reformulate("arm", name), u))
  fit <- lm(of("y") ~ sapply(covariates, of) + 0)
  list(slope = I(unname(coef(fit))), saved = sum(fitted(fit)^2) / sum(of("y")^2))
}

cases <- list()
add <- function(call, with, expect, note, tolerance = NULL) {
  case <- list(call = call, with = with, expect = expect, note = note)
  if (!is.null(tolerance)) case$tolerance <- tolerance
  cases[[length(cases) + 1]] <<- case
}

for (u in list(units(12, 9), units(40, 25), units(6, 60, FALSE))) {
  both <- c("x", "z")
  add("cuped", arms(moments, u, "y", "x"), pooled(u, y ~ arm + x), "lm, vcovHC")
  add("cuped_many", arms(comoments, u, both), pooled(u, y ~ arm + x + z), "lm, vcovHC")
  add("cuped_ratio", arms(moments, u, "y", "d", "x"), pooled(linearised(u), y ~ arm + x), "lm, vcovHC")
  add(
    "cuped_ratio_many", arms(comoments, u, both, TRUE), pooled(linearised(u), y ~ arm + x + z),
    "lm, vcovHC"
  )
  sample <- list(target = "sample")
  add("lin", c(arms(moments, u, "y", "x"), sample), separate(u, y ~ x), "predict.lm per arm")
  add("lin_many", c(arms(comoments, u, both), sample), separate(u, y ~ x + z), "predict.lm per arm")
  add("lin_hc2", c(arms(samples, u), sample), hc2(u), "estimatr::lm_lin, HC2")

  test <- with(u, t.test(x[arm == 1], x[arm == 0]))
  found <- list(difference = unname(diff(rev(test$estimate))), p_value = test$p.value)
  add("adjustment.imbalance", arms(moments, u, "y", "x"), found, "t.test")
  add("adjustment.moved_covariate", arms(moments, u, "y", "x"), found, "t.test")
  one <- saving(u, "x")
  one$correlation <- sqrt(one$saved) * sign(one$slope)
  add("adjustment.variance_saved", arms(moments, u, "y", "x"), one, "lm of residuals")
  add("adjustment.variance_saved", arms(comoments, u, both), saving(u, both), "lm of residuals")
}

# Units without a pre-period: lm with the indicator, estimated on the filled covariate.
u <- units(20, 25)
u$missing <- as.numeric(seq_along(u$x) %% 4 == 0)
gap <- function(part) list(
  make = "adjustment.Comoments.of",
  with = list(
    y = I(part$y),
    x = list(
      make = "adjustment.missing_indicator",
      with = list(x = I(ifelse(part$missing == 1, "nan", as.character(part$x))))
    )
  )
)
gaps <- list(control = gap(u[u$arm == 0, ]), treatment = gap(u[u$arm == 1, ]))
u$x[u$missing == 1] <- 0
add("cuped_many", gaps, pooled(u, y ~ arm + x + missing), "missing covariates: lm with an indicator")

for (sizes in list(c(60, 45), c(30, 200))) {
  u <- units(sizes[1], sizes[2])
  u$stratum <- rep(1:3, length.out = nrow(u))
  u$y <- u$y + 4 * u$stratum
  with <- c(arms(strata, u), list(weights = I(as.vector(table(u$stratum)))))
  add("poststratified", with, blocked(u), "estimatr::difference_in_means, blocks")
}

# An arm that by chance has the better users and is the worse one.
u <- units(60, 60)
u$x <- round(u$x + 3 * u$arm, 3)
u$y <- round(2 * u$x - 2 * u$arm + sin(seq_along(u$x)), 3)
raw <- with(u, t.test(y[arm == 1], y[arm == 0]))
raw_estimate <- unname(diff(rev(raw$estimate)))
adjusted <- coef(lm(y ~ arm + x, u))[["arm"]]
add(
  "adjustment.sign_flip",
  list(
    raw = list(make = "welch", with = arms(moments, u, "y")),
    adjusted = list(make = "cuped", with = arms(moments, u, "y", "x"))
  ),
  list(
    shift = adjusted - raw_estimate, flipped = sign(adjusted) != sign(raw_estimate),
    alarm = raw$p.value < 0.05
  ),
  "t.test, lm"
)

part <- as.matrix(u[u$arm == 0, c("y", "d", "x", "z")])
add(
  "adjustment.Comoments.of", comoments(u, 0, c("x", "z"), TRUE)$with,
  list(
    n = nrow(part), mean = I(unname(colMeans(part))),
    m2 = unname(crossprod(sweep(part, 2, colMeans(part))))
  ),
  "colMeans, crossprod", 1e-11
)

book <- list(
  source = "R: lm, predict.lm, sandwich::vcovHC, estimatr::lm_lin and difference_in_means, t.test",
  versions = list(
    R = as.character(getRversion()), estimatr = as.character(packageVersion("estimatr")),
    sandwich = as.character(packageVersion("sandwich"))
  ),
  command = "Rscript tests/reference/make_adjustment.R",
  date = as.character(Sys.Date()),
  tolerance = 1e-12,
  cases = cases
)
json <- toJSON(book, auto_unbox = TRUE, digits = I(17))
dir.create("tests/reference/books", showWarnings = FALSE)
writeLines(json, "tests/reference/books/adjustment_regression.json")
