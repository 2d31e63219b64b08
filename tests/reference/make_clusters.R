# Golden numbers for assay.stats.clusters.
#   Rscript tests/reference/make_clusters.R
# writes tests/reference/books/clusters_r.json.
suppressMessages({
  library(estimatr)
  library(sandwich)
  library(lme4)
  library(nlme)
})
library(jsonlite)

cases <- list()
add <- function(call, with, expect, ...) {
  cases[[length(cases) + 1]] <<- list(call = call, with = with, expect = expect, ...)
}
samples <- function(d) list(make = "Samples", with = list(y = I(d$y), cluster = I(d$g)))
arms <- function(d) list(control = samples(d[d$t == 0, ]), treatment = samples(d[d$t == 1, ]))

draw <- function(seed, sizes, sd = 1) {
  set.seed(seed)
  g <- rep(seq_along(sizes), sizes)
  data.frame(y = round(5 + rnorm(length(g)) + sd * rnorm(length(sizes))[g], 6), g = g)
}
designs <- list(
  # Clusters of very unlike size, each in one arm.
  unequal = transform(draw(1, c(3, 5, 9, 2, 7, 4, 6, 30)), t = as.numeric(g > 4)),
  # As few as there may be.
  four = transform(draw(2, c(3, 2, 4, 5)), t = as.numeric(g > 2)),
  # Clusters of one: the variance is HC2.
  singletons = transform(draw(3, rep(1, 12)), t = as.numeric(g > 5)),
  # Forty clusters.
  forty = transform(draw(4, rep(c(2, 3, 7, 1), 10)), t = g %% 2),
  # Clusters with units in both arms, of which one is in one arm only.
  shared = transform(draw(5, c(6, 8, 5, 9, 1)), t = c(rep(0:1, 14), 1)),
  # Matched pairs of equal size.
  pairs = transform(draw(6, rep(2, 9)), t = rep(0:1, 9))
)
for (name in names(designs)) {
  d <- designs[[name]]
  for (alpha in c(0.05, 0.2)) {
    f <- lm_robust(y ~ t, d, clusters = g, se_type = "CR2", alpha = alpha)
    expect <- list(
      estimate = f$coefficients[["t"]], std_error = f$std.error[["t"]], statistic = f$statistic[["t"]],
      df = f$df[["t"]], p_value = f$p.value[["t"]], lower = f$conf.low[["t"]], upper = f$conf.high[["t"]]
    )
    add("cluster_robust", c(arms(d), list(alpha = alpha)), expect,
        note = paste(name, "by estimatr::lm_robust"))
  }
}
paired <- with(designs$pairs, t.test(y[t == 1], y[t == 0], paired = TRUE))
add("cluster_robust", arms(designs$pairs),
    list(df = paired$parameter[[1]], p_value = paired$p.value, lower = paired$conf.int[1],
         upper = paired$conf.int[2]), note = "pairs by t.test(paired)")

# Clusters as units.
for (name in c("unequal", "forty")) {
  d <- designs[[name]]
  side <- d[d$t == 1, ]
  total <- aggregate(y ~ g, side, sum)$y
  size <- aggregate(y ~ g, side, length)$y
  add("clusters.cluster_totals", list(samples = samples(side)),
      list(n = length(size), mean_y = mean(total), var_y = var(total), mean_d = mean(size), var_d = var(size),
           cov_yd = cov(total, size)))
  means <- aggregate(y ~ g + t, d, mean)
  f <- t.test(means$y[means$t == 1], means$y[means$t == 0])
  make <- function(side) list(make = "clusters.cluster_means", with = list(samples = samples(side)))
  add("welch", list(control = make(d[d$t == 0, ]), treatment = make(d[d$t == 1, ])),
      list(df = f$parameter[[1]], p_value = f$p.value, lower = f$conf.int[1], upper = f$conf.int[2]),
      note = "t.test of cluster means")
  side <- d[d$t == 0, ]
  add("clusters.cluster_means", list(samples = samples(side)),
      list(n = sum(means$t == 0), mean_y = mean(means$y[means$t == 0]), var_y = var(means$y[means$t == 0])))
}

# Intraclass correlation from mean squares; balanced, it is the REML estimate.
add_icc <- function(d, squares, degrees, sizes, note) {
  n <- sum(unlist(sizes))
  m0 <- sum(sapply(sizes, function(s) sum(s) - sum(s^2) / sum(s))) / degrees
  icc <- (squares[1] - squares[2]) / (squares[1] + (m0 - 1) * squares[2])
  deff <- 1 + (sum(unlist(sizes)^2) / n - 1) * max(icc, 0)
  list(icc = icc, design_effect = deff, effective_n = n / deff, n = n, clusters = length(unlist(sizes)))
}
for (name in c("unequal", "four", "forty")) {
  d <- designs[[name]]
  one <- d[d$t == 0, ]
  table <- anova(lm(y ~ factor(g), one))
  add("clusters.intraclass", list(arm = samples(one)),
      add_icc(one, table[["Mean Sq"]], table$Df[1], list(as.vector(table(one$g))), name),
      note = paste(name, "by anova"))
}
balanced <- draw(7, rep(6, 15), sd = 0.8)
f <- suppressMessages(lmer(y ~ 1 + (1 | g), balanced, control = lmerControl(
  optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12, maxfun = 1e5))))
v <- as.data.frame(VarCorr(f))$vcov
add("clusters.intraclass", list(arm = samples(balanced)), list(icc = v[1] / sum(v)), tolerance = 1e-6,
    note = "balanced, REML by lme4")
f <- lme(y ~ 1, random = ~ 1 | g, data = balanced)
v <- as.numeric(VarCorr(f)[, "Variance"])
add("clusters.intraclass", list(arm = samples(balanced)), list(icc = v[1] / sum(v)), tolerance = 1e-5,
    note = "balanced, REML by nlme")

# Design effect: the variance of a mean under the whole correlation matrix, against independent units.
for (sizes in list(rep(5, 4), c(2, 9, 4, 13), c(1, 1, 1, 30))) {
  g <- rep(seq_along(sizes), sizes)
  v <- ifelse(outer(g, g, "=="), 0.07, 0)
  diag(v) <- 1
  m <- mean(sizes)
  add("clusters.design_effect", list(icc = 0.07, mean_size = m, cv = sqrt(mean((sizes - m)^2)) / m),
      list(itself = sum(v) / length(g)))
}

# Newey-West over blocks in time.
for (blocks in c(30, 61)) {
  set.seed(blocks)
  noise <- as.numeric(arima.sim(list(ar = 0.5), blocks))
  d <- data.frame(y = round(3 + noise, 6), g = seq_len(blocks), t = rbinom(blocks, 1, 0.5))
  f <- lm(y ~ t, d)
  for (lag in c(0, 3, 7)) {
    error <- sqrt(NeweyWest(f, lag = lag, prewhite = FALSE, adjust = TRUE)["t", "t"])
    estimate <- coef(f)[["t"]]
    q <- qt(0.975, blocks - 2)
    add("switchback_hac", c(arms(d), list(lags = lag)),
        list(estimate = estimate, std_error = error, df = blocks - 2,
             p_value = 2 * pt(-abs(estimate / error), blocks - 2), lower = estimate - q * error,
             upper = estimate + q * error), note = "sandwich::NeweyWest")
  }
}

# Switchback: 6 blocks of 4 hours, the first hour of each left out, two regions with their own order.
set.seed(8)
d <- data.frame(time = rep(0:23, 2) + 0.5, unit = rep(c(10, 20), each = 24), y = round(rnorm(48), 3))
order <- list("10" = c(0, 1, 1, 0, 1, 0), "20" = c(1, 0, 0, 1, 0, 1))
d$block <- d$time %/% 4
d$treated <- mapply(function(u, b) order[[as.character(u)]][b + 1], d$unit, d$block)
kept <- d[d$time %% 4 >= 1, ]
add("clusters.switchback", list(y = d$y, time = d$time, treated = d$treated, block = 4, burn_in = 1, unit = d$unit),
    list("control.y" = kept$y[kept$treated == 0], "treatment.y" = kept$y[kept$treated == 1],
         "control.cluster" = with(kept[kept$treated == 0, ], block + 6 * (unit == 20)),
         dropped = nrow(d) - nrow(kept)))

book <- list(
  source = "R: estimatr::lm_robust (CR2), sandwich::NeweyWest, t.test, anova, lme4, nlme",
  versions = list(R = R.version.string, estimatr = as.character(packageVersion("estimatr")),
                  sandwich = as.character(packageVersion("sandwich")), lme4 = as.character(packageVersion("lme4")),
                  nlme = as.character(packageVersion("nlme"))),
  command = "Rscript tests/reference/make_clusters.R", date = "2026-11-23",
  tolerance = 1e-12, cases = cases
)
# The answer itself has an empty name, which toJSON would replace.
text <- gsub('"itself":', '"":', toJSON(book, auto_unbox = TRUE, digits = I(17)), fixed = TRUE)
write(text, "tests/reference/books/clusters_r.json")
