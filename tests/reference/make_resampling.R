# Reference values of the bootstrap and of permutation tests from R: boot::boot.ci on resamples that are kept in
# the book, exactRankTests::perm.test and coin::oneway_test.
# Run from the repository's root: Rscript tests/reference/make_resampling.R
suppressWarnings(suppressMessages({
  library(boot); library(exactRankTests); library(coin); library(jsonlite)
}))
set.seed(20261123)
side_name <- c(two.sided = "two-sided", greater = "greater", less = "less")
# A term's variance in the statistic; the ratio's is linearised.
arm_value <- function(a) if (is.null(a$d)) mean(a$y) else sum(a$y) / sum(a$d)
arm_influence <- function(a) {
  if (is.null(a$d)) return(a$y - mean(a$y))
  (a$y - arm_value(a) * a$d) / mean(a$d)
}
arm_variance <- function(a) sum(arm_influence(a)^2) / (length(a$y) * (length(a$y) - 1))
pick <- function(a, i) list(y = a$y[i], d = if (is.null(a$d)) NULL else a$d[i])

samples <- function(a) {
  with <- list(y = a$y)
  if (!is.null(a$d)) with$d <- a$d
  list(make = unbox("Samples"), with = with)
}
arms <- list(
  list(c = list(y = round(rlnorm(9, 3, 1), 3)), t = list(y = round(rlnorm(7, 3.3, 1), 3))),
  list(c = list(y = round(rnorm(8, 100, 5), 3)), t = list(y = round(rnorm(8, 109, 9), 3))),
  list(c = list(y = round(rgamma(10, 2), 3), d = 1 + rpois(10, 3)), t = list(y = round(rgamma(8, 4), 3), d = 1 + rpois(8, 3)))
)
cases <- list()
resamples <- 199
for (pair in arms) {
  n_c <- length(pair$c$y)
  n_t <- length(pair$t$y)
  units <- data.frame(unit = seq_len(n_c + n_t), arm = rep(1:2, c(n_c, n_t)))
  statistic <- function(data, index) {
    c <- pick(pair$c, index[index <= n_c])
    t <- pick(pair$t, index[index > n_c] - n_c)
    c(arm_value(t) - arm_value(c), arm_variance(t) + arm_variance(c), arm_value(t) / arm_value(c) - 1)
  }
  b <- boot(units, statistic, R = resamples, strata = units$arm)
  drawn <- boot.array(b, indices = TRUE) - 1
  # Influence on the difference: each arm's over its own size, which boot leaves to the caller for strata.
  influence <- c(-arm_influence(pair$c) / n_c, arm_influence(pair$t) / n_t)
  for (conf in c(0.9, 0.8)) {
    ci <- boot.ci(b, conf = conf, type = c("perc", "bca", "stud"), L = influence)
    lift <- boot.ci(b, conf = conf, type = "perc", index = 3)
    # Symmetric: the pivots of both signs together, by boot's own quantile rule.
    pivots <- (b$t[, 1] - b$t0[1]) / sqrt(b$t[, 2])
    both <- boot:::norm.inter(c(pivots, -pivots), c(1 + conf, 1 - conf) / 2)[, 2]
    symmetric <- c(conf, NA, NA, b$t0[1] - sqrt(b$t0[2]) * both)
    ends <- list(percentile = ci$percent, bca = ci$bca, studentised = ci$student, symmetric = symmetric)
    for (kind in names(ends)) {
      expect <- list(estimate = unbox(b$t0[1]), lower = unbox(ends[[kind]][4]), upper = unbox(ends[[kind]][5]))
      if (kind == "percentile") {
        expect$relative_lower <- unbox(lift$percent[4])
        expect$relative_upper <- unbox(lift$percent[5])
        expect$std_error <- unbox(sd(b$t[, 1]))
      }
      cases <- c(cases, list(list(
        call = unbox("resampling.from_resamples"),
        with = list(control = samples(pair$c), treatment = samples(pair$t),
                    control_drawn = drawn[, seq_len(n_c)], treatment_drawn = drawn[, n_c + seq_len(n_t)] - n_c,
                    kind = unbox(kind), alpha = unbox(1 - conf)),
        expect = expect, note = unbox("boot::boot.ci")
      )))
    }
  }
}
permuted <- list(
  list(c = c(2, 5, 1, 7, 3, 3), t = c(6, 8, 9, 4, 12)),
  list(c = c(0, 0, 1, 0, 2, 0, 0), t = c(0, 3, 1, 5, 0, 2)),
  list(c = c(10.5, 12.25, 9.75, 11), t = c(12.5, 14, 13.25, 12, 15.5))
)
for (pair in permuted) {
  data <- data.frame(y = c(pair$t, pair$c),
                     arm = factor(rep(c("t", "c"), c(length(pair$t), length(pair$c))), levels = c("t", "c")))
  for (side in names(side_name)) {
    add <- function(p, note, extra = list()) {
      cases <<- c(cases, list(list(
        call = unbox("permutation"),
        with = list(control = samples(list(y = pair$c)), treatment = samples(list(y = pair$t)),
                    alternative = unbox(side_name[[side]])),
        expect = c(list(p_value = unbox(p)), lapply(extra, unbox)), note = unbox(note)
      )))
    }
    if (side == "two.sided") next  # both define it by distance from the mean, not by twice the lesser tail
    if (all(pair$c == round(pair$c))) {
      add(perm.test(pair$t, pair$c, alternative = side, exact = TRUE)$p.value, "exactRankTests::perm.test")
    }
    exact <- coin::oneway_test(y ~ arm, data, distribution = coin::exact(algorithm = "split-up"), alternative = side)
    add(as.numeric(coin::pvalue(exact)), "coin::oneway_test", list(statistic = as.numeric(coin::statistic(exact))))
  }
}
book <- list(
  source = unbox("R: boot::boot.ci, exactRankTests::perm.test, coin::oneway_test"),
  versions = lapply(list(R = as.character(getRversion()), boot = as.character(packageVersion("boot")),
                         exactRankTests = as.character(packageVersion("exactRankTests")),
                         coin = as.character(packageVersion("coin"))), unbox),
  command = unbox("Rscript tests/reference/make_resampling.R"),
  date = unbox("2026-11-23"),
  tolerance = unbox(1e-12),
  cases = cases
)
writeLines(toJSON(book, digits = I(17)), "tests/reference/books/resampling_r.json")
