# Reference values of the rank tests from R: stats::wilcox.test, exactRankTests and coin.
# Run from the repository's root: Rscript tests/reference/make_ranks.R
suppressWarnings(suppressMessages({
  library(exactRankTests); library(coin); library(jsonlite)
}))
set.seed(20261123)
samples <- function(y) list(make = unbox("Samples"), with = list(y = y))
sides <- c("two.sided", "greater", "less")
side_name <- c(two.sided = "two-sided", greater = "greater", less = "less")

untied <- list(
  list(c = round(rnorm(12, 10, 2), 4), t = round(rnorm(9, 11, 3), 4)),
  list(c = round(rexp(7), 5), t = round(rexp(15) * 3, 5)),
  list(c = c(1.1, 2.2, 3.3), t = c(4.4, 5.5, 6.6, 7.7)),
  list(c = round(rlnorm(40), 6), t = round(rlnorm(33, 0.4), 6))
)
tied <- list(
  list(c = c(0, 0, 1, 2, 2, 3, 5), t = c(1, 2, 2, 4, 5, 5, 6, 9)),
  list(c = rpois(20, 2), t = rpois(25, 3)),
  list(c = c(0, 0, 0, 0, 0, 0, 0, 4, 10), t = c(0, 0, 0, 3, 7, 12, 40)),
  list(c = sample(1:5, 30, TRUE), t = sample(1:5, 12, TRUE, c(1, 1, 2, 3, 4)))
)
quietly <- function(x) suppressWarnings(x)
case <- function(call, pair, expect, ..., note = NULL, tolerance = NULL) {
  out <- list(call = unbox(call),
              with = c(list(control = samples(pair$c), treatment = samples(pair$t)), lapply(list(...), unbox)),
              expect = lapply(expect, function(v) if (is.infinite(v)) unbox(if (v > 0) "inf" else "-inf") else unbox(v)))
  if (!is.null(note)) out$note <- unbox(note)
  if (!is.null(tolerance)) out$tolerance <- unbox(tolerance)
  out
}

cases <- list()
for (pair in c(untied, tied)) for (side in sides) for (correct in c(FALSE, TRUE)) {
  w <- quietly(wilcox.test(pair$t, pair$c, alternative = side, exact = FALSE, correct = correct))
  share <- unname(w$statistic) / (length(pair$c) * length(pair$t))
  cases <- c(cases, list(case("mann_whitney", pair, list(p_value = w$p.value, superiority = share),
                              alternative = side_name[[side]], continuity = correct, note = "stats::wilcox.test")))
}
for (pair in c(untied, tied)) for (side in c("greater", "less")) {
  w <- quietly(wilcox.exact(pair$t, pair$c, alternative = side, exact = TRUE))
  cases <- c(cases, list(case("mann_whitney_exact", pair,
                              list(p_value = w$p.value, statistic = unname(w$statistic)),
                              alternative = side, note = "exactRankTests::wilcox.exact")))
  data <- data.frame(y = c(pair$t, pair$c), arm = factor(rep(c("t", "c"), c(length(pair$t), length(pair$c))), levels = c("t", "c")))
  exact <- coin::wilcox_test(y ~ arm, data, distribution = "exact", alternative = side)
  cases <- c(cases, list(case("mann_whitney_exact", pair, list(p_value = as.numeric(coin::pvalue(exact))),
                              alternative = side, note = "coin::wilcox_test")))
  z <- coin::wilcox_test(y ~ arm, data, alternative = side)
  cases <- c(cases, list(case("mann_whitney", pair,
                              list(p_value = as.numeric(coin::pvalue(z)), statistic = as.numeric(coin::statistic(z))),
                              alternative = side, note = "coin::wilcox_test, asymptotic")))
}
for (pair in untied) for (side in sides) for (alpha in c(0.05, 0.2)) {
  if (length(pair$c) == 3 && alpha < 0.1) next  # R clamps what this level cannot bound
  w <- wilcox.test(pair$t, pair$c, alternative = side, exact = TRUE, conf.int = TRUE, conf.level = 1 - alpha)
  expect <- list(p_value = w$p.value, estimate = unname(w$estimate), lower = w$conf.int[1], upper = w$conf.int[2])
  cases <- c(cases, list(case("hodges_lehmann", pair, expect, alternative = side_name[[side]], alpha = alpha,
                              exact = TRUE, note = "stats::wilcox.test, exact")))
}
for (pair in untied[c(1, 2, 4)]) for (side in sides) for (correct in c(FALSE, TRUE)) {
  w <- wilcox.test(pair$t, pair$c, alternative = side, exact = FALSE, correct = correct, conf.int = TRUE,
                   tol.root = 1e-13)
  expect <- list(p_value = w$p.value, lower = w$conf.int[1], upper = w$conf.int[2])
  cases <- c(cases, list(case("hodges_lehmann", pair, expect, alternative = side_name[[side]], exact = FALSE,
                              continuity = correct, tolerance = 1e-9, note = "stats::wilcox.test, normal; by root search")))
}
book <- list(
  source = unbox("R: stats::wilcox.test, exactRankTests::wilcox.exact, coin::wilcox_test"),
  versions = lapply(list(R = as.character(getRversion()), exactRankTests = as.character(packageVersion("exactRankTests")),
                         coin = as.character(packageVersion("coin"))), unbox),
  command = unbox("Rscript tests/reference/make_ranks.R"),
  date = unbox("2026-11-23"),
  tolerance = unbox(1e-12),
  cases = cases
)
writeLines(toJSON(book, digits = I(17)), "tests/reference/books/ranks_r.json")
