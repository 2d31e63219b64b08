# Golden numbers for assay.stats.planning from R's stats and pwr.
#   Rscript tests/reference/make_planning.R
# writes tests/reference/books/planning_r.json.
library(pwr)
library(jsonlite)

cases <- list()
add <- function(call, outcome, design, with, expect) {
  given <- c(list(outcome = outcome, design = list(make = "planning.Design", with = design)), with)
  cases[[length(cases) + 1]] <<- list(call = call, with = given, expect = expect)
}
mean_of <- function(variance) list(make = "planning.mean_outcome", with = list(variance = variance))
share_of <- function(p) list(make = "planning.proportion_outcome", with = list(baseline = p, pooled = TRUE))

for (sides in c("two.sided", "one.sided")) for (d in c(0.2, 0.5, 1.2)) {
  design <- list(alpha = 0.05, alternative = if (sides == "two.sided") "two-sided" else "greater")
  f <- power.t.test(delta = d, sd = 2, power = 0.9, alternative = sides, strict = TRUE, tol = 1e-12)
  add("planning.sample_size", mean_of(4), design, list(effect = d, power = 0.9), list(n = 2 * f$n))
  g <- power.t.test(n = 60, sd = 2, power = 0.8, alternative = sides, strict = TRUE, tol = 1e-12)
  add("planning.minimum_effect", mean_of(4), design, list(n = 120, power = 0.8), list(effect = g$delta))
  h <- pwr.t2n.test(n1 = 300, n2 = 100, d = d / 2,
                    alternative = if (sides == "two.sided") sides else "greater")
  add("planning.achieved_power", mean_of(4), c(design, list(treated = 0.25)), list(effect = d, n = 400),
      list(power = h$power))
  p <- power.prop.test(p1 = 0.1, p2 = 0.1 + d / 10, power = 0.8, alternative = sides,
                       strict = sides == "two.sided", tol = 1e-12)
  add("planning.sample_size", share_of(0.1), design, list(effect = d / 10, power = 0.8), list(n = 2 * p$n))
}

book <- list(
  source = "power.t.test, power.prop.test (both tails) and pwr's pwr.t2n.test",
  versions = list(R = as.character(getRversion()), pwr = as.character(packageVersion("pwr"))),
  command = "Rscript tests/reference/make_planning.R", date = format(Sys.Date()), tolerance = 1e-10,
  cases = cases
)
writeLines(toJSON(book, auto_unbox = TRUE, digits = I(17), pretty = TRUE), "tests/reference/books/planning_r.json")
