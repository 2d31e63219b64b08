# Makes golden books of quantiles: `Rscript tests/reference/make_quantiles.R`, from the root of the repository.
#
# Nothing here knows Assay. Order-statistic intervals follow the binomial definition with pbinom; melded and
# bootstrap intervals sort every pair of order statistics with its probability; the clustered variance is that
# of sandwich::vcovCL for a regression on a constant.
suppressMessages({library(jsonlite); library(sandwich)})
folder <- "tests/reference/books"
set.seed(20261123)

book <- function(name, source, tolerance, cases) {
  versions <- list(R = paste(R.version$major, R.version$minor, sep = "."),
                   sandwich = as.character(packageVersion("sandwich")))
  content <- list(source = source, versions = versions,
                  command = "Rscript tests/reference/make_quantiles.R", date = format(Sys.Date()),
                  tolerance = tolerance, cases = cases)
  text <- toJSON(content, auto_unbox = TRUE, digits = I(17), pretty = TRUE)
  text <- gsub('"-Inf"', '"-inf"', gsub('"Inf"', '"inf"', text))
  writeLines(text, file.path(folder, paste0(name, ".json")))
}
samples <- function(...) list(make = "Samples", with = lapply(list(...), I))
type7 <- function(y, q) unname(quantile(y, q, type = 7))

# One sample ------------------------------------------------------------------------------------------------

interval <- function(y, q, alpha, alternative) {
  n <- length(y); s <- sort(y)
  tail <- if (alternative == "two-sided") alpha / 2 else alpha
  lower <- max(0, Filter(function(k) pbinom(k - 1, n, q) <= tail, 1:n))
  upper <- min(n + 1, Filter(function(k) pbinom(k - 1, n, q, lower.tail = FALSE) <= tail, 1:n))
  if (alternative == "less") lower <- 0
  if (alternative == "greater") upper <- n + 1
  list(estimate = type7(y, q), lower = c(-Inf, s, Inf)[lower + 1], upper = c(-Inf, s, Inf)[upper + 1],
       lower_rank = lower, upper_rank = upper,
       coverage = pbinom(upper - 1, n, q) - if (lower > 0) pbinom(lower - 1, n, q) else 0)
}
one <- list()
for (n in c(5, 12, 40, 200)) for (q in c(0.1, 0.5, 0.9, 0.99)) for (alternative in c("two-sided", "greater", "less")) {
  y <- round(rlnorm(n), 3); alpha <- sample(c(0.01, 0.05, 0.2), 1)
  one[[length(one) + 1]] <- list(call = "quantiles.quantile_interval",
    with = list(y = y, q = q, alpha = alpha, alternative = alternative), expect = interval(y, q, alpha, alternative))
}
book("quantiles_one_sample", "R: quantile(type = 7) and ranks by pbinom", 1e-12, one)

# Two samples: every pair with its probability -----------------------------------------------------------------

least <- function(place, weight, tail) {
  o <- order(place); place[o][which(cumsum(weight[o]) >= tail)[1]]
}
pairs <- function(c_low, c_high, t_low, t_high, p_c, p_t, alpha, alternative) {
  tail <- if (alternative == "two-sided") alpha / 2 else alpha
  w <- as.vector(outer(p_t, p_c))
  minus <- function(t, c) as.vector(outer(t, c, "-"))
  over <- function(t, c) as.vector(outer(t, c, "/"))
  low <- minus(t_low, c_high); high <- minus(t_high, c_low)
  below <- sum(w[low <= 0]); above <- sum(w[high >= 0])
  p <- switch(alternative, greater = below, less = above, min(1, 2 * min(below, above)))
  answer <- list(p_value = p,
    lower = if (alternative == "less") -Inf else least(low, w, tail),
    upper = if (alternative == "greater") Inf else -least(-high, w, tail))
  bounded <- alternative != "two-sided" || all(is.finite(c(answer$lower, answer$upper)))
  if (all(c_low[is.finite(c_low)] > 0) && bounded) {
    # A rank beyond the sample is no ratio: it counts against the claim.
    r_low <- over(t_low, c_high); r_low[is.infinite(rep(c_high, each = length(t_low)))] <- -Inf
    r_high <- over(t_high, c_low); r_high[is.infinite(rep(c_low, each = length(t_high)))] <- Inf
    answer$relative_lower <- if (alternative == "less") -Inf else least(r_low, w, tail) - 1
    answer$relative_upper <- if (alternative == "greater") Inf else -least(-r_high, w, tail) - 1
  }
  answer
}
melded <- function(c, t, q, alpha, alternative) {
  c <- sort(c); t <- sort(t)
  pairs(c(-Inf, c), c(c, Inf), c(-Inf, t), c(t, Inf), dbinom(0:length(c), length(c), q),
        dbinom(0:length(t), length(t), q), alpha, alternative)
}
bootstrap <- function(c, t, q, alpha, alternative) {
  law <- function(x) {
    p <- dbinom(0:(length(x) + 1), length(x) + 1, q)
    list(p = c(p[1] + p[length(p)], p[-c(1, length(p))]), x = sort(x))
  }
  a <- law(c); b <- law(t)
  # The probability of the ranks 0 and n + 1 lies at the far end of either side.
  answer <- pairs(c(-Inf, a$x), c(Inf, a$x), c(-Inf, b$x), c(Inf, b$x), a$p, b$p, alpha, alternative)
  spread <- function(x) {
    n <- length(x); k <- 0:(n + 1); p <- dbinom(k, n + 1, q); v <- sort(x)[pmin(pmax(k, 1), n)]
    sum(p * (v - sum(p * v))^2)
  }
  answer$std_error <- sqrt(spread(c) + spread(t))
  answer
}
two <- function(method, definition) {
  cases <- list()
  for (n in c(8, 40, 120)) for (q in c(0.25, 0.5, 0.9)) for (alternative in c("two-sided", "greater", "less"))
    for (kind in c("continuous", "discrete", "signed")) {
      c <- rlnorm(n, 1, 1); t <- rlnorm(n + 5, 1.5, 0.8)
      if (kind == "discrete") { c <- ceiling(c); t <- ceiling(t) }
      if (kind == "signed") { c <- log(c); t <- log(t) }
      c <- round(c, 4); t <- round(t, 4)
      expect <- definition(c, t, q, 0.1, alternative)
      expect$estimate <- type7(t, q) - type7(c, q)
      cases[[length(cases) + 1]] <- list(call = method, with = list(control = samples(y = c), treatment = samples(y = t),
        q = q, alpha = 0.1, alternative = alternative), expect = expect)
    }
  cases
}
book("quantiles_melded", "R: all pairs of order statistics with dbinom, as Fay, Proschan and Brittain (2015) define",
     1e-11, two("quantile_melded", melded))
book("quantiles_poisson_bootstrap", "R: all pairs of order statistics with dbinom(n + 1), as Schultzberg and Ankargren (2022)",
     1e-11, two("quantile_poisson_bootstrap", bootstrap))

# Standard errors ------------------------------------------------------------------------------------------------

fieller <- function(c, t, v_c, v_t, k) {
  a <- c^2 - k^2 * v_c
  if (a <= 0) return(c(-Inf, Inf))
  sort((c * t + c(-1, 1) * sqrt((c * t)^2 - a * (t^2 - k^2 * v_t))) / a) - 1
}
pivot <- function(c, t, v_c, v_t, df, alpha) {
  se <- sqrt(v_c + v_t); k <- qt(1 - alpha / 2, df); lift <- fieller(c, t, v_c, v_t, k)
  list(estimate = t - c, std_error = se, p_value = 2 * pt(-abs((t - c) / se), df), lower = t - c - k * se,
       upper = t - c + k * se, relative_lower = lift[1], relative_upper = lift[2])
}
price_bonett <- function(y, q) {
  n <- length(y); reach <- 2 * sqrt(n * q * (1 - q))
  l <- max(1, floor((n + 1) * q - reach + 0.5)); u <- min(n, ceiling((n + 1) * q + reach - 0.5))
  tails <- pbinom(l - 1, n, q) + pbinom(u - 1, n, q, lower.tail = FALSE)
  ((sort(y)[u] - sort(y)[l]) / (2 * qnorm(1 - tails / 2)))^2
}
normal <- list()
for (n in c(25, 60, 300)) for (q in c(0.3, 0.5, 0.8)) {
  c <- round(rlnorm(n, 2, 1), 4); t <- round(rlnorm(n + 11, 2.2, 1), 4)
  normal[[length(normal) + 1]] <- list(call = "quantile_normal",
    with = list(control = samples(y = c), treatment = samples(y = t), q = q, alpha = 0.05),
    expect = pivot(type7(c, q), type7(t, q), price_bonett(c, q), price_bonett(t, q), Inf, 0.05))
}
book("quantiles_normal", "R: Price and Bonett's definition with pbinom and qnorm, Fieller's roots", 1e-10, normal)

events <- function(customers, shift) {
  k <- 1 + rpois(customers, rgamma(customers, 1, scale = 5)); g <- rep(seq_len(customers), k)
  list(y = round(exp(shift + rnorm(customers, 0, 0.8)[g] + rnorm(length(g), 0, 0.5)), 4), g = g)
}
share_error <- function(a, q) {
  below <- as.numeric(a$y <= type7(a$y, q))
  sqrt(vcovCL(lm(below ~ 1), cluster = a$g, type = "HC0", cadjust = TRUE)[1, 1])
}
outer_ends <- function(a, q, k) {
  n <- length(a$y); s <- share_error(a, q)
  c(floor(n * (q - k * s)), floor(n * (q + k * s)) + 1)
}
clustered <- list(); outer_ci <- list()
for (customers in c(40, 90)) for (q in c(0.25, 0.5, 0.75)) {
  a <- events(customers, 1); b <- events(customers + 7, 1.2); alpha <- 0.1
  v <- sapply(list(a, b), function(x) diff(sort(x$y)[outer_ends(x, q, qnorm(0.975))] / (2 * qnorm(0.975)))^2)
  f <- c(length(unique(a$g)), length(unique(b$g))) - 1
  expect <- pivot(type7(a$y, q), type7(b$y, q), v[1], v[2], sum(v)^2 / sum(v^2 / f), alpha)
  clustered[[length(clustered) + 1]] <- list(call = "quantile_clustered", with = list(
    control = samples(y = a$y, cluster = a$g), treatment = samples(y = b$y, cluster = b$g), q = q, alpha = alpha),
    expect = expect)
  ranks <- outer_ends(a, q, qt(1 - alpha / 2, f[1]))
  outer_ci[[length(outer_ci) + 1]] <- list(call = "quantiles.clustered_quantile_interval",
    with = list(samples = samples(y = a$y, cluster = a$g), q = q, alpha = alpha),
    expect = list(estimate = type7(a$y, q), lower = sort(a$y)[ranks[1]], upper = sort(a$y)[ranks[2]],
                  lower_rank = ranks[1], upper_rank = ranks[2]))
}
book("quantiles_clustered", "R: sandwich::vcovCL of a regression on a constant, order statistics, Fieller's roots", 1e-9, c(clustered, outer_ci))

# Published ------------------------------------------------------------------------------------------------------

statpsych <- list(
  list(c(36, 44, 47, 42, 49, 39, 46, 31, 33, 48), c(32, 39, 26, 35, 43, 27, 40, 37, 34, 29), -8.5, 4.316291, -16.95977, -0.04022524),
  list(c(36.8, 44.0, 47.1, 42.7, 49.0, 39.6, 46.2, 31.6, 33.1, 48.4),
       c(32.1, 39.8, 26.3, 35.0, 43.1, 27.0, 40.9, 37.4, 34.0, 29.2), -8.85, 4.494993, -17.66002, -0.0399751),
  list(c(102, 120, 78, 78, 417, 124, 86, 171, 176, 129, 230, 194, 100, 157, 306, 411, 164, 103, 193, 312),
       c(70, 394, 43, 95, 62, 128, 2, 203, 81, 436, 85, 35, 156, 1, 3, 27, 63, 181, 184, 18), -85, 37.11502, -157.7441, -12.25589))
published <- lapply(statpsych, function(x) list(call = "quantile_normal",
  with = list(control = samples(y = x[[1]]), treatment = samples(y = x[[2]]), alpha = 0.05),
  # The upper end is a small difference of large numbers, printed to 7 digits.
  expect = list(estimate = x[[3]], std_error = x[[4]], lower = x[[5]], upper = x[[6]]), tolerance = 5e-7))
published <- c(published, list(
  list(call = "quantiles.quantile_interval", note = "Altman, Machin, Bryant and Gardner (2000), Statistics with Confidence, p. 38",
       with = list(y = c(66, 71.2, 83, 83.6, 101, 107.6, 122, 143, 160, 177, 414), alpha = 0.05),
       expect = list(estimate = 107.6, lower = 71.2, upper = 177)),
  list(call = "quantiles.quantile_interval", note = "ci.median of statpsych, after Snedecor and Cochran (1989)",
       with = list(y = c(30, 20, 15, 10, 10, 60, 20, 25, 20, 30, 10, 5, 50, 40, 20, 10, 0, 20, 50), alpha = 0.05),
       expect = list(estimate = 20, lower = 10, upper = 30))))
book("quantiles_published", "Documentation of the R package statpsych 1.6 to 1.9 (ci.median2, ci.median); Altman et al. (2000)", 1e-12, published)
