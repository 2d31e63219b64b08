# Makes books/means_r.json: `Rscript tests/reference/make_means.R`. Nothing here knows Assay.
library(jsonlite)
library(metafor)

units <- function(y, d = NULL) list(make = "Moments.of", with = if (is.null(d)) list(y = y) else list(y = y, d = d))
samples <- function(y) list(make = "Samples", with = list(y = y))
compared <- function(call, control, treatment, expect, alpha = 0.05, alternative = "two-sided", ...) {
  list(call = call, with = list(control = control, treatment = treatment, alpha = alpha, alternative = alternative),
       expect = expect, ...)
}
end <- function(x) if (is.finite(x)) x else if (x > 0) "inf" else "-inf"
sided <- c("two-sided" = "two.sided", greater = "greater", less = "less")

set.seed(20261123)
pairs <- list(
  list(round(rgamma(9, 2, 0.3), 3), round(rgamma(14, 2, 0.25), 3)),
  list(round(rnorm(40, 100, 15), 3), round(rnorm(25, 108, 30), 3)),
  list(c(1.5, 2.5), c(9.25))
)
cases <- list()
for (pair in pairs) for (alternative in names(sided)) for (alpha in c(0.05, 0.001)) {
  found <- t.test(pair[[2]], pair[[1]], var.equal = TRUE, alternative = sided[[alternative]], conf.level = 1 - alpha)
  cases[[length(cases) + 1]] <- compared("student", units(pair[[1]]), units(I(pair[[2]])), list(
    estimate = mean(pair[[2]]) - mean(pair[[1]]), std_error = found$stderr, statistic = unname(found$statistic),
    df = unname(found$parameter), p_value = found$p.value, lower = end(found$conf.int[1]), upper = end(found$conf.int[2])
  ), alpha, alternative)
}
for (pair in pairs[1:2]) for (alternative in names(sided)) {
  found <- t.test(pair[[2]], pair[[1]], alternative = sided[[alternative]])
  z <- unname(found$statistic)
  p <- switch(alternative, "two-sided" = 2 * pnorm(-abs(z)), greater = pnorm(-z), less = pnorm(z))
  cases[[length(cases) + 1]] <- compared("z_means", units(pair[[1]]), units(pair[[2]]),
    list(statistic = z, p_value = p), alternative = alternative)
  cases[[length(cases) + 1]] <- compared("welch", units(pair[[1]]), units(pair[[2]]), list(
    statistic = z, df = unname(found$parameter), p_value = found$p.value,
    lower = end(found$conf.int[1]), upper = end(found$conf.int[2])), alternative = alternative)
  n <- min(lengths(pair))
  before <- pair[[1]][1:n]; after <- pair[[2]][1:n]
  found <- t.test(after, before, paired = TRUE, alternative = sided[[alternative]])
  cases[[length(cases) + 1]] <- compared("paired", samples(before), samples(after), list(
    estimate = unname(found$estimate), std_error = found$stderr, statistic = unname(found$statistic),
    df = unname(found$parameter), p_value = found$p.value, lower = end(found$conf.int[1]), upper = end(found$conf.int[2])),
    alternative = alternative)
}
# The log ratio of means and its variance: metafor's escalc(measure = "ROM"); the lift is its exponential, minus 1.
for (pair in pairs[1:2]) {
  found <- escalc(measure = "ROM", m1i = mean(pair[[2]]), sd1i = sd(pair[[2]]), n1i = length(pair[[2]]),
    m2i = mean(pair[[1]]), sd2i = sd(pair[[1]]), n2i = length(pair[[1]]), vtype = "LS")
  cases[[length(cases) + 1]] <- compared("lift_log", units(pair[[1]]), units(pair[[2]]), list(
    statistic = as.numeric(found$yi) / sqrt(as.numeric(found$vi)), relative_estimate = exp(as.numeric(found$yi)) - 1))
}
book <- list(
  source = "R t.test (stats); metafor escalc(measure = \"ROM\")",
  versions = list(R = as.character(getRversion()), metafor = as.character(packageVersion("metafor"))),
  command = "Rscript tests/reference/make_means.R",
  date = format(Sys.Date()), tolerance = 1e-10, cases = cases
)
writeLines(toJSON(book, auto_unbox = TRUE, digits = I(17), pretty = 1), "tests/reference/books/means_r.json")
