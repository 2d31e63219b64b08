# Makes books/means_robust_r.json: `Rscript tests/reference/make_robust.R`. Nothing here knows Assay.
# Capped data through t.test; weighted means and ratios from their residuals; trimmed means are in make_robust.py.
library(jsonlite)
samples <- function(...) list(make = "Samples", with = list(...))
end <- function(x) if (is.finite(x)) x else if (x > 0) "inf" else "-inf"
set.seed(20261124)
cases <- list()
sided <- c("two-sided" = "two.sided", greater = "greater", less = "less")
for (q in c(0.8, 0.95)) for (alternative in names(sided)) {
  a <- round(rlnorm(40, 1, 1), 3); b <- round(rlnorm(25, 1.2, 1), 3)
  cap <- unname(quantile(c(a, b), q, type = 7))
  found <- t.test(pmin(b, cap), pmin(a, cap), alternative = sided[[alternative]])
  cases[[length(cases) + 1]] <- list(call = "winsorised",
    with = list(control = samples(y = a), treatment = samples(y = b), quantile = q, alternative = alternative),
    expect = list(estimate = mean(pmin(b, cap)) - mean(pmin(a, cap)), statistic = unname(found$statistic),
      df = unname(found$parameter), p_value = found$p.value, lower = end(found$conf.int[1]), upper = end(found$conf.int[2])))
}
linearised <- function(y, w) {  # variance of sum(wy)/sum(w), Cochran's eq. 6.13, from residuals
  r <- sum(w * y) / sum(w); n <- length(y)
  c(r, n / (n - 1) * sum((w * (y - r))^2) / sum(w)^2)
}
for (k in 1:3) {
  a <- round(rgamma(30, 2, 0.5), 3); b <- round(rgamma(20, 2, 0.4), 3)
  wa <- round(runif(30, 0.2, 3), 3); wb <- round(runif(20, 0.2, 3), 3)
  one <- linearised(a, wa); two <- linearised(b, wb)
  se <- sqrt(one[2] + two[2])
  df <- (one[2] + two[2])^2 / (one[2]^2 / 29 + two[2]^2 / 19)
  cases[[length(cases) + 1]] <- list(call = "weighted",
    with = list(control = samples(y = a, w = wa), treatment = samples(y = b, w = wb)),
    expect = list(estimate = two[1] - one[1], std_error = se, df = df, p_value = 2 * pt(-abs(two[1] - one[1]) / se, df)))
  ya <- round(rlnorm(30), 3); yb <- round(rlnorm(20), 3)
  cy <- unname(quantile(c(ya, yb), 0.9)); cd <- unname(quantile(c(wa, wb), 0.9))
  ratio <- function(y, d) {
    y <- pmin(y, cy); d <- pmin(d, cd); n <- length(y); r <- sum(y) / sum(d)
    c(r, sum((y - r * d)^2) / (n - 1) / n / mean(d)^2)
  }
  one <- ratio(ya, wa); two <- ratio(yb, wb)
  cases[[length(cases) + 1]] <- list(call = "ratio_winsorised",
    with = list(control = samples(y = ya, d = wa), treatment = samples(y = yb, d = wb), quantile = 0.9),
    expect = list(estimate = two[1] - one[1], std_error = sqrt(one[2] + two[2])))
}
book <- list(source = "R t.test and quantile on capped data; residuals of weighted means and ratios",
  versions = list(R = as.character(getRversion())), command = "Rscript tests/reference/make_robust.R",
  date = format(Sys.Date()), tolerance = 1e-11, cases = cases)
writeLines(toJSON(book, auto_unbox = TRUE, digits = I(17), pretty = 1), "tests/reference/books/means_robust_r.json")
