# Makes books/proportions_r.json: base R's and metafor's answers, and brute-force enumeration of exact tests.
# The enumeration follows definitions: every table, a restricted likelihood maximised by bisection of its
# derivative, a supremum over a grid that is refined, an interval by bisection of the test.
library(jsonlite)
suppressPackageStartupMessages(library(metafor))

counts <- function(x, n) list(make = "Moments.of_counts", with = list(successes = x, n = n))
arms <- function(t, ...) list(control = counts(t[1], t[2]), treatment = counts(t[3], t[4]), ...)
number <- function(x) if (is.nan(x)) "nan" else if (is.infinite(x)) (if (x > 0) "inf" else "-inf") else x
case <- function(call, with, expect, tolerance = NULL) {
  found <- list(call = call, with = with, expect = lapply(expect, number))
  if (!is.null(tolerance)) found$tolerance <- tolerance
  found
}
cases <- list()
add <- function(...) cases[[length(cases) + 1]] <<- case(...)

# One sample.
for (t in list(c(81, 263), c(15, 148), c(0, 20), c(1, 29), c(29, 29), c(500, 1000000))) {
  x <- t[1]; n <- t[2]
  for (alpha in c(0.05, 0.002)) {
    # A hypothesis far from the data keeps prop.test from shrinking its correction.
    far <- if (x / n < 0.5) 1 - 1e-9 else 1e-9
    # Without successes or failures prop.test leaves rounding beside 0 and 1: absolute there.
    for (correct in c(FALSE, TRUE)) {
      w <- suppressWarnings(prop.test(x, n, p = far, conf.level = 1 - alpha, correct = correct))$conf.int
      expect <- list(lower = w[1], upper = w[2])
      if (x == 0) expect$lower <- 0
      if (x == n) expect$upper <- 1
      add("proportions.wilson", list(successes = x, n = n, alpha = alpha, continuity = correct), expect, 1e-9)
    }
    b <- binom.test(x, n, conf.level = 1 - alpha)$conf.int
    add("proportions.clopper_pearson", list(successes = x, n = n, alpha = alpha),
        list(lower = b[1], upper = b[2]), 1e-10)
    add("proportions.jeffreys", list(successes = x, n = n, alpha = alpha),
        list(lower = if (x == 0) 0 else qbeta(alpha / 2, x + .5, n - x + .5),
             upper = if (x == n) 1 else qbeta(alpha / 2, x + .5, n - x + .5, lower.tail = FALSE)), 1e-10)
  }
}

# Fisher: p-values. fisher.test's own interval is good to four digits only; a high-precision twin has it.
for (t in list(c(48, 80, 56, 70), c(3, 10, 9, 10), c(1, 24, 5, 8), c(1, 4, 3, 4), c(0, 20, 10, 10), c(7, 12, 8, 12),
               c(120, 4000, 171, 4100), c(10, 10, 10, 10), c(40, 90000, 20, 100000), c(0, 29, 5, 56))) {
  m <- t[1] + t[3]; rest <- t[2] + t[4] - m
  table <- matrix(c(t[3], t[4] - t[3], t[1], t[2] - t[1]), 2)
  above <- phyper(t[3] - 1, m, rest, t[4], lower.tail = FALSE)
  below <- phyper(t[3], m, rest, t[4])
  add("fisher_customary", arms(t), list(p_value = min(fisher.test(table)$p.value, 1)), 1e-10)
  add("fisher", arms(t), list(p_value = min(1, 2 * min(above, below))), 1e-10)
  add("fisher", arms(t, alternative = "greater"), list(p_value = above), 1e-10)
  add("fisher_customary", arms(t, alternative = "less"), list(p_value = below), 1e-10)
}

# Woolf: metafor adds 1/2 to tables with a count of 0 only, as does the method.
for (t in list(c(48, 80, 56, 70), c(3, 10, 9, 10), c(0, 29, 5, 56), c(20, 20, 7, 10), c(120, 4000, 171, 4100))) {
  e <- escalc(measure = "OR", ai = t[3], bi = t[4] - t[3], ci = t[1], di = t[2] - t[1])
  y <- as.numeric(e$yi); s <- sqrt(e$vi); z <- qnorm(0.025, lower.tail = FALSE)
  add("odds_ratio_woolf", arms(t), list(odds_ratio = exp(y), odds_ratio_lower = exp(y - z * s), std_error = s,
      odds_ratio_upper = exp(y + z * s), statistic = y / s, p_value = 2 * pnorm(-abs(y / s))), 1e-12)
}

# McNemar: units that succeed in both, under treatment only, under control only, in neither.
for (t in list(c(36, 12, 2, 0), c(53, 16, 9, 2), c(43, 0, 1, 0), c(794, 86, 150, 570), c(0, 3, 0, 4))) {
  sample <- function(y) list(make = "Samples", with = list(y = y))
  pair <- list(control = sample(rep(c(1, 0, 1, 0), t)), treatment = sample(rep(c(1, 1, 0, 0), t)))
  score <- mcnemar.test(matrix(c(t[1], t[2], t[3], t[4]), 2), correct = FALSE)
  b <- binom.test(t[2], t[2] + t[3])
  odds <- b$conf.int / (1 - b$conf.int)
  add("mcnemar", pair, list(p_value = score$p.value), 1e-11)
  add("mcnemar_exact", pair, list(p_value = b$p.value, odds_ratio = t[2] / t[3],
      odds_ratio_lower = odds[1], odds_ratio_upper = odds[2]), 1e-11)
}

# Unconditional exact tests, by enumeration of all tables.
bisect <- function(f, low, high, steps) {
  for (k in seq_len(steps)) {
    middle <- (low + high) / 2
    if (f(middle)) high <- middle else low <- middle
  }
  (low + high) / 2
}

# Maximum likelihood of p_c for every table, when p_t = map(p_c): all bisected together.
restricted <- function(x_c, n_c, x_t, n_t, map, slope, low, high) {
  low <- rep(low, length(x_c)); high <- rep(high, length(x_c))
  part <- function(k, p) ifelse(k == 0, 0, k / p)
  for (k in 1:90) {
    p <- (low + high) / 2
    up <- part(x_c, p) - part(n_c - x_c, 1 - p) + slope * (part(x_t, map(p)) - part(n_t - x_t, 1 - map(p))) > 0
    low <- ifelse(up, p, low); high <- ifelse(up, high, p)
  }
  (low + high) / 2
}

zscore <- function(x_c, n_c, x_t, n_t, value, relative) {
  map <- if (relative) function(p) p * value else function(p) p + value
  low <- if (relative) 0 else max(0, -value)
  high <- if (relative) min(1, 1 / value) else min(1, 1 - value)
  p <- restricted(x_c, n_c, x_t, n_t, map, if (relative) value else 1, low, high)
  d <- if (relative) x_t / n_t - value * x_c / n_c else x_t / n_t - x_c / n_c - value
  v <- p * (1 - p) / n_c * (if (relative) value^2 else 1) + map(p) * (1 - map(p)) / n_t
  ifelse(abs(d) < 1e-12, 0, d / sqrt(v))
}

greatest <- function(probability) {
  grid <- seq(0, 1, length.out = 2001)
  at <- order(-sapply(grid, probability))[1:4]
  best <- probability(grid[at[1]])
  for (i in at) {
    ends <- pmin(pmax(grid[i] + c(-1, 1) / 2000, 0), 1)
    best <- max(best, optimize(probability, ends, maximum = TRUE, tol = 1e-13)$objective)
  }
  best
}

# The tail above at a hypothesis: kind "difference" or "ratio" (ordered by the score) or "odds" (by Fisher's p).
tail_above <- function(t, kind, value) {
  n_c <- t[2]; n_t <- t[4]
  all <- expand.grid(x_c = 0:n_c, x_t = 0:n_t)
  if (kind == "odds") {
    fisher <- function(x_c, x_t) {
      m <- x_c + x_t; k <- max(0, m - n_c):min(m, n_t)
      w <- choose(n_t, k) * choose(n_c, m - k) * value^k
      sum(w[k >= x_t]) / sum(w)
    }
    order <- mapply(fisher, all$x_c, all$x_t)
    inside <- order <= fisher(t[1], t[3]) * (1 + 1e-9)
    shares <- function(u) c(u, u * value / (1 - u + u * value))
  } else {
    relative <- kind == "ratio"
    order <- zscore(all$x_c, n_c, all$x_t, n_t, value, relative)
    inside <- order >= zscore(t[1], n_c, t[3], n_t, value, relative) - 1e-8
    shares <- if (relative) function(u) u * c(min(1, 1 / value), min(1, value)) else function(u) {
      p <- max(0, -value) + u * (min(1, 1 - value) - max(0, -value)); c(p, min(max(p + value, 0), 1))
    }
  }
  kept <- all[inside, ]
  greatest(function(u) {
    p <- shares(u)
    sum(dbinom(kept$x_c, n_c, p[1]) * dbinom(kept$x_t, n_t, p[2]))
  })
}

# The lower end, searched on the side of no effect that the p-value is on, in a bounded parameter.
lower_end <- function(t, kind, p, tail) {
  if (kind != "difference" && (t[3] == 0 || (kind == "odds" && t[1] == t[2]))) return(0)
  if (kind == "difference" && t[3] == 0 && t[1] == t[2]) return(-1)
  of <- if (kind == "difference") function(s) 2 * s - 1 else function(s) s / (1 - s)
  side <- if (p < tail) c(0.5, 1) else c(0, 0.5)
  of(bisect(function(s) tail_above(t, kind, of(s)) >= tail, side[1], side[2], 32))
}

for (t in list(c(3, 10, 9, 10), c(2, 7, 6, 7), c(7, 12, 8, 12), c(1, 9, 3, 5), c(0, 8, 4, 6), c(6, 6, 1, 9))) {
  back <- t[c(3, 4, 1, 2)]
  for (kind in c("difference", "odds")) {
    no_effect <- if (kind == "difference") 0 else 1
    above <- tail_above(t, kind, no_effect); below <- tail_above(back, kind, no_effect)
    expect <- list(p_value = min(1, 2 * min(above, below)))
    low <- lower_end(t, kind, above, 0.025); high <- lower_end(back, kind, below, 0.025)
    if (kind == "difference") {
      expect$lower <- low; expect$upper <- -high
      expect$relative_lower <- lower_end(t, "ratio", above, 0.025) - 1
      expect$relative_upper <- 1 / lower_end(back, "ratio", below, 0.025) - 1
    } else {
      expect$odds_ratio_lower <- low; expect$odds_ratio_upper <- 1 / high
    }
    # An end at no effect itself, where ties of the statistic break: 0 but for how near a tie is one.
    expect <- lapply(expect, function(v) if (abs(v) < 1e-7) 0 else v)
    add(if (kind == "difference") "barnard" else "boschloo", arms(t), expect, 2e-7)
  }
}

book <- list(
  source = "R: prop.test, binom.test, qbeta, fisher.test, phyper, mcnemar.test, metafor's escalc; own enumeration",
  versions = list(R = as.character(getRversion()), metafor = as.character(packageVersion("metafor"))),
  command = "Rscript tests/reference/make_proportions.R",
  date = format(Sys.Date()),
  tolerance = 1e-10,
  cases = cases
)
path <- sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))
writeLines(toJSON(book, auto_unbox = TRUE, digits = I(17)), file.path(dirname(path), "books", "proportions_r.json"))
