# Golden numbers for assay.stats.combining from R's metafor package.
#   Rscript tests/reference/make_combining.R
# writes tests/reference/books/combining_metafor.json.
suppressPackageStartupMessages(library(metafor))
library(jsonlite)

cases <- list()
add <- function(call, with, expect, ...) {
  cases[[length(cases) + 1]] <<- list(call = call, with = with, expect = expect, ...)
}

# Thirteen trials of a vaccine against tuberculosis (Colditz et al. 1994), as log risk ratios and as log odds
# ratios; the effect of teachers' expectations (Raudenbush 1984); and ones that agree and that clash.
bcg <- function(measure) escalc(measure = measure, ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
frame <- function(d) list(yi = as.numeric(d$yi), vi = as.numeric(d$vi))
sets <- list(
  bcg_rr = frame(bcg("RR")), bcg_or = frame(bcg("OR")), raudenbush = frame(dat.raudenbush1985),
  agree = list(yi = c(0.021, 0.018, 0.025, 0.020), vi = c(0.01, 0.02, 0.015, 0.03)^2),
  clash = list(yi = c(-1.5, 2.5), vi = c(0.2, 0.7)^2)
)
estimators <- c("dersimonian-laird" = "DL", "paule-mandel" = "PM", reml = "REML")
intervals <- c(wald = "z", "hartung-knapp" = "knha", "modified-hartung-knapp" = "adhoc")
exact <- list(threshold = 1e-15, tol = 1e-15, maxiter = 10000)
effect <- function(fit) {
  list(estimate = as.numeric(fit$beta), std_error = fit$se, statistic = fit$zval, p_value = fit$pval,
       lower = fit$ci.lb, upper = fit$ci.ub, heterogeneity.q = fit$QE, heterogeneity.df = fit$k - 1,
       heterogeneity.p_value = fit$QEp, heterogeneity.i_squared = fit$I2 / 100)
}

for (name in names(sets)) {
  d <- sets[[name]]
  with <- list(estimate = d$yi, std_error = sqrt(d$vi))
  fit <- rma(d$yi, d$vi, method = "FE", level = 90)
  add("combining.fixed_effect", c(with, alpha = 0.1), c(effect(fit), list(share = weights(fit) / 100)), note = name)
  for (between in names(estimators)) {
    # An iterated tau^2 is as exact as the other side's stopping rule.
    tolerance <- if (between == "dersimonian-laird") 1e-12 else 1e-9
    for (interval in names(intervals)) {
      fit <- rma(d$yi, d$vi, method = estimators[[between]], test = intervals[[interval]], level = 90, control = exact)
      future <- predict(fit, level = 90)
      add("combining.random_effects", c(with, list(alpha = 0.1, between = between, interval = interval)),
          c(effect(fit), list(
            heterogeneity.tau_squared = fit$tau2, heterogeneity.h_squared = fit$H2,
            prediction_lower = future$pi.lb, prediction_upper = future$pi.ub, share = weights(fit) / 100
          )), tolerance = tolerance, note = name)
    }
    fit <- rma(d$yi, d$vi, method = estimators[[between]], control = exact)
    each <- blup(fit, level = 90)
    add("combining.shrink", c(with, list(alpha = 0.1, between = between)),
        list(mean = each$pred, std_dev = each$se, lower = each$pi.lb, upper = each$pi.ub,
             pooled_mean = as.numeric(fit$beta), pooled_std_error = fit$se, tau_squared = fit$tau2,
             shrinkage = d$vi / (d$vi + fit$tau2)), tolerance = tolerance, note = name)
    add("combining.heterogeneity", c(with, list(between = between)),
        list(q = fit$QE, p_value = fit$QEp, tau_squared = fit$tau2, i_squared = fit$I2 / 100,
             h_squared = fit$H2), tolerance = tolerance, note = name)
  }
}

book <- list(
  source = "R package metafor: rma (FE, DL, PM, REML; z, knha, adhoc), predict, weights, blup; its dat.bcg and dat.raudenbush1985",
  versions = list(R = R.version.string, metafor = as.character(packageVersion("metafor"))),
  command = "Rscript tests/reference/make_combining.R", date = "2026-11-23",
  tolerance = 1e-12, cases = cases
)
write(toJSON(book, auto_unbox = TRUE, digits = I(17)), "tests/reference/books/combining_metafor.json")
