# Golden numbers for assay.stats.survival from R's survival package.
#   Rscript tests/reference/make_survival.R
# writes tests/reference/books/survival_r.json.
library(survival)
library(jsonlite)

cases <- list()
add <- function(call, with, expect, ...) {
  cases[[length(cases) + 1]] <<- list(call = call, with = with, expect = expect, ...)
}
arm <- function(d) {
  list(make = "survival.LifeTable.of", with = list(time = d$time, event = as.numeric(d$event)))
}
z <- function(alpha) -qnorm(alpha / 2)

# Freireich's leukaemia trial, weeks to relapse: the textbook example of ties and censoring.
gehan <- data.frame(
  time = c(6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35,
           1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23),
  event = c(1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, rep(1, 21)),
  treated = rep(c(1, 0), each = 21)
)
trials <- list(
  lung = with(lung, data.frame(time = time, event = status == 2, treated = sex - 1)),
  ovarian = with(ovarian, data.frame(time = futime, event = fustat, treated = rx - 1)),
  veteran = with(veteran, data.frame(time = time, event = status, treated = trt - 1)),
  gehan = gehan
)
sides <- lapply(trials, function(d) list(c = d[d$treated == 0, ], t = d[d$treated == 1, ]))

# Curves, where the last observation is censored: R has no standard error once nobody survives.
for (d in list(sides$lung$t, sides$ovarian$t, sides$gehan$t)) {
  kinds <- c("log-log" = "log-log", log = "log", logit = "logit", arcsine = "arcsin", plain = "plain")
  for (kind in names(kinds)) {
    f <- survfit(Surv(time, event) ~ 1, data = d, conf.type = kinds[[kind]], conf.int = 0.9)
    error <- f$std.err * f$surv
    # Before the first event R gives the interval [1, 1] and Assay none.
    bound <- function(x) lapply(seq_along(x), function(i) if (error[i] == 0) "nan" else x[i])
    add("survival.kaplan_meier", list(table = arm(d), alpha = 0.1, interval = kind),
        list(times = f$time, value = f$surv, std_error = error, lower = bound(f$lower),
             upper = bound(f$upper)))
    h <- survfit(Surv(time, event) ~ 1, data = d, conf.type = kinds[[kind]], conf.int = 0.9,
                 stype = 2, ctype = 1)
    # An interval of exp(-H): symmetric in log H (log-log) or in H (log).
    if (kind %in% c("log-log", "log")) {
      add("survival.nelson_aalen",
          list(table = arm(d), alpha = 0.1, interval = if (kind == "log") "plain" else "log"),
          list(value = h$cumhaz, std_error = h$std.chaz, lower = bound(-log(h$upper)),
               upper = bound(-log(h$lower))))
    }
    for (q in c(0.2, 0.4)) {
      m <- quantile(f, q)
      if (all(is.finite(unlist(m)))) {
        add("survival.survival_quantile", list(table = arm(d), q = q, alpha = 0.1, interval = kind),
            list(value = m$quantile[[1]], lower = m$lower[[1]], upper = m$upper[[1]]))
      }
    }
  }
  f <- survfit(Surv(time, event) ~ 1, data = d)
  add("survival.LifeTable.of", arm(d)$with, list(times = f$time, at_risk = f$n.risk, events = f$n.event))
  add("survival.LifeTable.of_counts", list(times = f$time, events = f$n.event, censored = f$n.censor),
      list(at_risk = f$n.risk, n = f$n))
}

normal <- function(estimate, error, alpha) {
  list(estimate = estimate, std_error = error, statistic = estimate / error,
       p_value = 2 * pnorm(-abs(estimate / error)),
       lower = estimate - z(alpha) * error, upper = estimate + z(alpha) * error)
}
for (name in names(trials)) {
  d <- trials[[name]]
  with <- list(control = arm(sides[[name]]$c), treatment = arm(sides[[name]]$t), alpha = 0.1)
  for (rho in c(0, 1, 0.5)) {
    f <- survdiff(Surv(time, event) ~ treated, data = d, rho = rho)
    score <- f$obs[2] - f$exp[2]
    variance <- f$var[2, 2]
    if (rho == 0) {
      expect <- normal(score / variance, 1 / sqrt(variance), 0.1)
      expect$relative_estimate <- expm1(expect$estimate)
      expect$relative_lower <- expm1(expect$lower)
      expect$relative_upper <- expm1(expect$upper)
      add("log_rank", with, expect)
    } else {
      add("log_rank", c(with, list(rho = rho)),
          list(statistic = score / sqrt(variance), p_value = pchisq(f$chisq, 1, lower.tail = FALSE)))
    }
  }
  tau <- c(lung = 700, ovarian = 600, veteran = 200, gehan = 20)[[name]]
  fit <- survfit(Surv(time, event) ~ treated, data = d)
  m <- summary(fit, rmean = tau)$table[, c("rmean", "se(rmean)")]
  add("restricted_mean", c(with, list(tau = tau)),
      normal(m[2, 1] - m[1, 1], sqrt(m[1, 2]^2 + m[2, 2]^2), 0.1))
  for (day in tau * c(0.25, 0.5)) {
    s <- summary(fit, times = day)
    add("retention", c(with, list(day = day)),
        normal(s$surv[2] - s$surv[1], sqrt(sum(s$std.err^2)), 0.1))
  }
}

# Without censoring the eligible cohort is everybody, and the curve is a proportion.
set.seed(4353)
age <- sample(0:20, 60, replace = TRUE)
kept <- rbinom(60, 1, 0.4)
old <- kept[age >= 7]
add("survival.eligible_cohort", list(kept = kept, watched_for = age, day = 7),
    list(n = length(old), mean_y = mean(old), var_y = mean(old) * (1 - mean(old)) * length(old) / (length(old) - 1)))

book <- list(
  source = "R package survival: survfit, survdiff, summary with rmean and times, quantile",
  versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  command = "Rscript tests/reference/make_survival.R", date = "2026-11-23",
  tolerance = 1e-12, cases = cases
)
write(toJSON(book, auto_unbox = TRUE, digits = I(17)), "tests/reference/books/survival_r.json")
