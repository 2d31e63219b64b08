# Makes books/counts_*.json with R: poisson.test, quasi-Poisson and negative binomial regressions (MASS), and
# the E-test by enumeration of all pairs of counts. Run from the top of the repository.
suppressPackageStartupMessages({
  library(jsonlite)
  library(MASS)
})
set.seed(20261123)
folder <- "tests/reference/books"
alternatives <- c("two.sided", "greater", "less")
ours <- c(two.sided = "two-sided", greater = "greater", less = "less")

# An arm of n units with k events in all; with an exposure per unit if given.
rate <- function(k, n, d = NULL) {
  with <- list(n = n, mean_y = k / n, m2_y = k)
  if (!is.null(d)) with <- c(with, list(mean_d = d, m2_d = 0, c_yd = 0))
  list(make = "Moments", with = with)
}
number <- function(x) if (is.finite(x)) x else if (is.nan(x)) "nan" else if (x > 0) "inf" else "-inf"
write_book <- function(name, source, tolerance, cases) {
  book <- list(
    source = source,
    versions = list(R = paste(R.version$major, R.version$minor, sep = "."),
                    MASS = as.character(packageVersion("MASS"))),
    command = "Rscript tests/reference/make_counts.R", date = as.character(Sys.Date()),
    tolerance = tolerance, cases = cases)
  text <- toJSON(book, auto_unbox = TRUE, digits = I(17), pretty = 1)
  writeLines(text, file.path(folder, paste0(name, ".json")))
}

# poisson.test: customary p-value, exact interval of the ratio, one-sided p-values; their double is the central p.
conditional <- function() {
  tables <- list(c(10, 100, 22, 90), c(3, 50, 0, 40), c(0, 20, 4, 30), c(41, 28010, 15, 19017), c(7, 7, 7, 7),
                 c(1, 10, 9, 12), c(120, 1000, 161, 990), c(1100, 5000, 1000, 5000), c(5, 9, 6, 31))
  cases <- list()
  for (t in tables) for (level in c(0.05, 0.01)) {
    both <- poisson.test(c(t[3], t[1]), c(t[4], t[2]), conf.level = 1 - level)
    tails <- sapply(alternatives[2:3], function(a) poisson.test(t[c(3, 1)], t[c(4, 2)], alternative = a)$p.value)
    data <- list(control = rate(t[1], t[2]), treatment = rate(t[3], t[4]), alpha = level)
    ends <- list(relative_lower = number(both$conf.int[1] - 1), relative_upper = number(both$conf.int[2] - 1))
    if (t[1] > 0) ends$relative_estimate <- unname(both$estimate) - 1
    central <- min(1, 2 * min(tails))
    cases <- c(cases, list(
      list(call = "rate_exact", with = data, expect = c(list(p_value = central), ends)),
      list(call = "rate_exact_minimum_likelihood", with = data, expect = c(list(p_value = both$p.value), ends))))
    for (a in alternatives[2:3]) {
      one <- poisson.test(c(t[3], t[1]), c(t[4], t[2]), alternative = a, conf.level = 1 - level)
      cases <- c(cases, list(list(
        call = "rate_exact", with = c(data, alternative = ours[[a]]),
        expect = list(p_value = one$p.value, relative_lower = number(one$conf.int[1] - 1),
                      relative_upper = number(one$conf.int[2] - 1)))))
    }
  }
  # With an exposure per unit, the counts are those of 2.5 times as many units.
  twice <- poisson.test(c(22, 10), c(90 * 2.5, 100))
  cases <- c(cases, list(list(
    call = "rate_exact", with = list(control = rate(10, 100), treatment = rate(22, 90, 2.5)),
    expect = list(relative_lower = twice$conf.int[1] - 1, relative_upper = twice$conf.int[2] - 1))))
  write_book("counts_conditional", "R poisson.test; central p: twice the smaller one-sided p", 1e-12, cases)
}

# The E-test by enumeration: every pair of counts up to far beyond the means, every pivot computed.
pivot <- function(x_c, x_t, e_c, e_t, delta) {
  distance <- x_t / e_t - x_c / e_c - delta
  error <- sqrt(x_t / e_t^2 + x_c / e_c^2)
  ifelse(error > 0, distance / error, ifelse(abs(distance) < 1e-15, 0, sign(distance) * Inf))
}
restricted <- function(t, delta) {
  f <- function(l) t[3] / (l + delta) + t[1] / l - t[2] - t[4]
  low <- max(0, -delta)
  if (t[1] + t[3] == 0) return(low)
  top <- (t[1] + t[3]) / (t[2] + t[4]) + abs(delta) + 1
  if (f(low + 1e-13) < 0) return(low)
  uniroot(f, c(low + 1e-13, top), tol = 1e-15, maxiter = 10000)$root
}
e_p <- function(t, delta, alternative = "two.sided") {
  rate <- restricted(t, delta)
  means <- c(t[2] * rate, t[4] * (rate + delta))
  x_c <- 0:qpois(1e-18, means[1], lower.tail = FALSE)
  x_t <- 0:qpois(1e-18, means[2], lower.tail = FALSE)
  z <- outer(x_c, x_t, pivot, e_c = t[2], e_t = t[4], delta = delta)
  seen <- pivot(t[1], t[3], t[2], t[4], delta)
  slack <- if (is.finite(seen)) 1e-9 * (1 + abs(seen)) else 0
  keep <- switch(alternative, two.sided = abs(z) >= abs(seen) - slack,
                 greater = z >= seen - slack, less = z <= seen + slack)
  sum((dpois(x_c, means[1]) %o% dpois(x_t, means[2]))[keep])
}
e_test <- function() {
  tables <- list(c(1, 1, 1, 1), c(10, 100, 22, 90), c(3, 50, 0, 40), c(0, 20, 4, 30), c(7, 7, 7, 7),
                 c(1, 10, 9, 12), c(20, 10, 38, 14), c(0, 5, 0, 8))
  cases <- list()
  for (t in tables) {
    data <- list(control = rate(t[1], t[2]), treatment = rate(t[3], t[4]))
    for (a in alternatives) {
      expect <- list(p_value = e_p(t, 0, a))
      cases <- c(cases, list(list(call = "rate_e_test", with = c(data, alternative = ours[[a]]), expect = expect)))
    }
    # Ends of the 95 % interval: where the enumerated p crosses 5 %, scanned from far outside inwards.
    estimate <- t[3] / t[4] - t[1] / t[2]
    far <- 8 * (sqrt(t[1] + 4) / t[2] + sqrt(t[3] + 4) / t[4])
    end <- function(side) {
      grid <- estimate + side * seq(far, far / 400, length.out = 400)
      inside <- which(sapply(grid, function(d) e_p(t, d)) >= 0.05)[1]
      low <- grid[inside - 1]
      high <- grid[inside]
      for (i in 1:60) {
        middle <- (low + high) / 2
        if (e_p(t, middle) >= 0.05) high <- middle else low <- middle
      }
      (low + high) / 2
    }
    cases <- c(cases, list(list(call = "rate_e_test", with = data, tolerance = 1e-8,
                                expect = list(lower = end(-1), upper = end(1)))))
  }
  write_book("counts_e_test", "Own enumeration in R of all pairs of Poisson counts", 1e-11, cases)
}

# Regressions of units: Rao's score of the arm over Pearson's dispersion; fitted rates with their errors.
units <- function(n_c, n_t, draw) {
  arm <- rep(0:1, c(n_c, n_t))
  data.frame(y = draw(arm), arm)
}
moments <- function(u, a, d = NULL, make = "Moments.of") {
  with <- list(y = I(u$y[u$arm == a]))
  if (!is.null(d)) with$d <- I(rep(d, sum(u$arm == a)))
  list(make = make, with = with)
}
mean_errors <- function(fit, u, dispersion) {
  at <- u[!duplicated(u$arm), ]
  p <- predict(fit, at, type = "response", se.fit = TRUE, dispersion = dispersion)
  list(estimate = diff(p$fit[order(at$arm)])[[1]], std_error = sqrt(sum(p$se.fit^2)))
}
quasi <- function() {
  cases <- list()
  for (d in list(NULL, 2.5)) for (n in list(c(40, 45), c(300, 200))) {
    u <- units(n[1], n[2], function(arm) rnbinom(length(arm), size = 0.7, mu = 1.5 * 1.3^arm))
    u$d <- if (is.null(d)) 1 else d
    fit <- glm(y ~ arm + offset(log(d)), quasipoisson, u, control = glm.control(1e-15, 100))
    phi <- summary(fit)$dispersion
    score <- anova(update(fit, family = poisson), test = "Rao")$Rao[2]
    t <- sign(coef(fit)[["arm"]]) * sqrt(score / phi)
    expect <- c(list(statistic = t, df = fit$df.residual, p_value = 2 * pt(-abs(t), fit$df.residual)),
                mean_errors(fit, transform(u, d = 1), phi))
    cases <- c(cases, list(list(call = "quasi_poisson", expect = expect,
                                with = list(control = moments(u, 0, d), treatment = moments(u, 1, d)))))
  }
  write_book("counts_quasi", "R glm(quasipoisson): Pearson's dispersion, Rao's score, predict(se.fit)", 3e-8, cases)
}
negative_binomial <- function() {
  cases <- list()
  for (n in list(c(40, 45), c(300, 200), c(60, 30))) for (size in c(0.4, 3)) {
    u <- units(n[1], n[2], function(arm) rnbinom(length(arm), size = size, mu = 2 * 1.4^arm))
    rough <- glm.nb(y ~ arm, u)
    theta <- as.numeric(theta.ml(u$y, ave(u$y, u$arm), limit = 200, eps = 1e-13))
    stopifnot(abs(theta / rough$theta - 1) < 1e-4)
    fit <- glm(y ~ arm, negative.binomial(theta), u, control = glm.control(1e-15, 100))
    score <- anova(fit, test = "Rao", dispersion = 1)$Rao[2]
    z <- sign(coef(fit)[["arm"]]) * sqrt(score)
    expect <- c(list(statistic = z, p_value = 2 * pnorm(-abs(z))), mean_errors(fit, u, 1))
    cases <- c(cases, list(
      list(call = "negative_binomial_ml", expect = expect,
           with = list(control = moments(u, 0, make = "Samples"), treatment = moments(u, 1, make = "Samples"))),
      list(call = "negative_binomial", expect = expect,
           with = list(control = moments(u, 0), treatment = moments(u, 1), dispersion = 1 / theta))))
  }
  # Units that vary less than Poisson have a dispersion of 0: Poisson regression.
  u <- units(30, 30, function(arm) rbinom(length(arm), 4, 0.5 + 0.2 * arm))
  fit <- glm(y ~ arm, poisson, u, control = glm.control(1e-15, 100))
  z <- sign(coef(fit)[["arm"]]) * sqrt(anova(fit, test = "Rao")$Rao[2])
  expect <- c(list(statistic = z, p_value = 2 * pnorm(-abs(z))), mean_errors(fit, u, 1))
  for (call in c("negative_binomial_ml", "negative_binomial", "rate_score")) {
    make <- if (call == "negative_binomial_ml") "Samples" else "Moments.of"
    with <- list(control = moments(u, 0, make = make), treatment = moments(u, 1, make = make))
    cases <- c(cases, list(list(call = call, expect = expect, with = with)))
  }
  write_book("counts_negative_binomial", "R MASS theta.ml, glm(negative.binomial(theta)): Rao's score", 3e-8, cases)
}

conditional()
e_test()
quasi()
negative_binomial()
