# Makes books/arms_r.json and books/arms_multcomp.json: `Rscript tests/reference/make_arms.R`. Nothing here knows Assay.
library(jsonlite)
suppressMessages(library(multcomp))

samples <- function(arms) lapply(arms, function(y) list(make = "Samples", with = list(y = I(y))))
long <- function(arms) data.frame(y = unlist(arms), arm = factor(rep(seq_along(arms), lengths(arms))))

set.seed(20261128)
designs <- list(
  list(round(rnorm(6, 10, 2), 3), round(rnorm(9, 11, 2), 3), round(rnorm(5, 14, 2), 3)),
  list(round(rgamma(20, 2, 0.3), 3), round(rgamma(35, 2, 0.25), 3), round(rgamma(12, 2, 0.3), 3), round(rgamma(28, 3, 0.3), 3)),
  list(c(1, 2, 2, 3, 3, 3), c(2, 3, 4, 4, 5), c(3, 3, 5, 6), c(1, 1, 2, 7)),
  list(round(rnorm(40, 0, 1), 3), round(rnorm(80, 0.2, 3), 3))
)
cases <- list()
add <- function(call, with, expect, ...) cases[[length(cases) + 1]] <<- list(call = call, with = with, expect = expect, ...)

for (arms in designs) {
  data <- long(arms)
  table <- anova(lm(y ~ arm, data))
  add("arms.anova", list(arms = samples(arms)), list(
    statistic = table$`F value`[1], df_between = table$Df[1], df_within = table$Df[2], p_value = table$`Pr(>F)`[1],
    effect_size = summary(lm(y ~ arm, data))$r.squared))
  welch <- oneway.test(y ~ arm, data)
  add("arms.welch_anova", list(arms = samples(arms)), list(
    statistic = unname(welch$statistic), df_between = unname(welch$parameter[1]), df_within = unname(welch$parameter[2]),
    p_value = welch$p.value))
  ranks <- kruskal.test(arms)
  add("arms.kruskal_wallis", list(arms = samples(arms)), list(
    statistic = unname(ranks$statistic), df_between = unname(ranks$parameter), p_value = ranks$p.value,
    effect_size = summary(lm(rank(y) ~ arm, data))$r.squared))
}
for (counts in list(rbind(c(30, 70), c(45, 55), c(38, 62)), rbind(c(12, 5, 9), c(20, 8, 3)), matrix(c(900, 950, 1010, 100, 60, 30, 7, 9, 20, 1, 2, 3), 3))) {
  found <- chisq.test(counts, correct = FALSE)
  add("arms.chi_square", list(counts = counts), list(
    statistic = unname(found$statistic), df_between = unname(found$parameter), p_value = found$p.value,
    effect_size = sqrt(unname(found$statistic) / sum(counts) / min(dim(counts) - 1))))
}
# Dunnett's one-sided tails for two and three treatments: mvtnorm's TVPACK is deterministic.
for (k in 2:3) for (df in c(5, 30, 0)) for (t in c(0.5, 2.2, 4.5)) {
  ratios <- c(0.5, 1.3, 2)[1:k]
  load <- sqrt(ratios / (1 + ratios))
  corr <- outer(load, load); diag(corr) <- 1
  below <- if (df > 0) pmvt(upper = rep(t, k), df = df, corr = corr, algorithm = TVPACK(abseps = 1e-14))
    else pmvnorm(upper = rep(t, k), corr = corr, algorithm = TVPACK(abseps = 1e-14))
  add("arms.dunnett_tail", list(statistic = t, ratios = ratios, df = if (df > 0) df else "inf", alternative = "greater"),
    list(answer = 1 - as.numeric(below)), tolerance = if (t > 4) 2e-8 else 1e-11)
}
book <- list(
  source = "R lm, oneway.test, kruskal.test, chisq.test (stats); mvtnorm pmvt (TVPACK)",
  versions = list(R = as.character(getRversion()), mvtnorm = as.character(packageVersion("mvtnorm"))),
  command = "Rscript tests/reference/make_arms.R", date = format(Sys.Date()), tolerance = 1e-11, cases = cases)
# R has no empty names: the answer itself is "" in a book.
text <- gsub('"answer":', '"":', toJSON(book, auto_unbox = TRUE, digits = I(17), pretty = 1), fixed = TRUE)
writeLines(text, "tests/reference/books/arms_r.json")

# R's ptukey, qtukey and mvtnorm's simulation stop at fewer digits; these hold the contrasts as such.
cases <- list()
sided <- c("two-sided" = "two.sided", greater = "greater", less = "less")
for (arms in designs[1:3]) {
  data <- long(arms)
  fit <- aov(y ~ arm, data)
  found <- TukeyHSD(fit, conf.level = 0.9)$arm
  add("arms.tukey", list(arms = samples(arms), alpha = 0.1), list(
    estimate = unname(found[, "diff"]), lower = unname(found[, "lwr"]), upper = unname(found[, "upr"]), p_value = unname(found[, "p adj"])),
    tolerance = 1e-7)
  for (alternative in names(sided)) {
    many <- glht(fit, linfct = mcp(arm = "Dunnett"), alternative = sided[[alternative]])
    shown <- summary(many, test = adjusted("single-step", abseps = 1e-6, maxpts = 2e5))$test
    add("arms.dunnett", list(arms = samples(arms), alternative = alternative), list(
      estimate = unname(shown$coefficients), std_error = unname(shown$sigma), statistic = unname(shown$tstat)),
      tolerance = 1e-11)
    add("arms.dunnett", list(arms = samples(arms), alternative = alternative),
      list(p_value = as.numeric(shown$pvalues)), tolerance = 9e-4)
  }
}
book <- list(
  source = "R TukeyHSD (stats); multcomp glht",
  versions = list(R = as.character(getRversion()), multcomp = as.character(packageVersion("multcomp"))),
  command = "Rscript tests/reference/make_arms.R", date = format(Sys.Date()), tolerance = 1e-7, cases = cases)
writeLines(toJSON(book, auto_unbox = TRUE, digits = I(17), pretty = 1), "tests/reference/books/arms_multcomp.json")
