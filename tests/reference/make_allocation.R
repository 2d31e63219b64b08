# Makes the books of allocation checks with base R: chisq.test, binom.test, prop.test, p.adjust, dmultinom.
books <- file.path("tests", "reference", "books")

write_book <- function(name, source, tolerance, cases) {
  book <- list(
    source = source, versions = list(R = as.character(getRversion())),
    command = "Rscript tests/reference/make_allocation.R", date = format(Sys.Date()),
    tolerance = tolerance, cases = cases
  )
  text <- jsonlite::toJSON(book, auto_unbox = TRUE, digits = I(17), pretty = TRUE, null = "null")
  text <- gsub('"@"', '""', text, fixed = TRUE) # an R list has no empty name: "@" is the answer itself
  writeLines(text, file.path(books, paste0("allocation_", name, ".json")))
}

case <- function(call, with, expect, ...) list(call = call, with = with, expect = expect, ...)
chi <- function(x, p) unname(suppressWarnings(chisq.test(x, p = p / sum(p)))$p.value)

# Pearson's test, over the arms that have a share
plans <- list(
  list(c(5200, 5000), c(.5, .5)), list(c(334, 341, 290), c(1, 1, 1)), list(c(9100, 1000), c(9, 1)),
  list(c(100000, 103000), c(.5, .5)), list(c(3, 9, 1, 2), c(.4, .3, .2, .1))
)
srm <- lapply(plans, function(a) {
  case("allocation.srm", list(observed = a[[1]], expected_shares = a[[2]]), list("@" = chi(a[[1]], a[[2]])))
})
srm <- c(srm, list(case(
  "allocation.srm", list(observed = c(5200, 5000, 0), expected_shares = c(.5, .5, 0)),
  list("@" = chi(c(5200, 5000), c(.5, .5))), note = "the arm without a share leaves the degrees of freedom"
)))
write_book("srm", "R chisq.test", 1e-12, srm)

# exact multinomial test: all allocations, one by one
enumerate <- function(n, k) {
  if (k == 1) return(matrix(n))
  do.call(rbind, lapply(0:n, function(i) cbind(i, enumerate(n - i, k - 1))))
}
exact <- function(x, p) {
  seen <- dmultinom(x, prob = p)
  all <- enumerate(sum(x), length(x))
  odds <- apply(all, 1, dmultinom, prob = p)
  min(1, sum(odds[odds <= seen * (1 + 1e-7)]))
}
tables <- list(
  list(c(9, 1, 2), c(1, 1, 1)), list(c(4, 4, 4), c(1, 1, 1)), list(c(0, 7), c(.5, .5)), list(c(30, 9, 2), c(6, 3, 1)),
  list(c(1, 0, 6, 3), c(.1, .4, .3, .2)), list(c(2, 3, 0, 9, 1), c(1, 1, 1, 1, 1)), list(c(12, 0, 0), c(.98, .01, .01))
)
multinomial <- lapply(tables, function(a) {
  case("allocation.srm_exact", list(observed = a[[1]], expected_shares = a[[2]]),
       list(p_value = exact(a[[1]], a[[2]] / sum(a[[2]])), std_error = 0))
})
binomial <- lapply(list(c(40, 61, .5), c(1043, 957, .5), c(3, 60, .1), c(70031, 69012, .5)), function(a) {
  case("allocation.srm_exact", list(observed = a[1:2], expected_shares = c(a[3], 1 - a[3])),
       list(p_value = binom.test(a[1], a[1] + a[2], a[3])$p.value))
})
write_book("exact", "R dmultinom over all allocations; R binom.test", 1e-9, c(multinomial, binomial))

# phases: sum of distances; totals by the generalised inverse of their covariance
phase_case <- function(units, shares) {
  shares <- shares / rowSums(shares)
  n <- rowSums(units)
  expected <- n * shares
  each <- sapply(seq_len(nrow(units)), function(i) {
    planned <- shares[i, ] > 0
    if (sum(planned) > 1) chi(units[i, planned], shares[i, planned]) else 1
  })
  distance <- sum(ifelse(expected > 0, (units - expected)^2 / expected, 0))
  covariance <- Reduce(`+`, lapply(seq_len(nrow(units)), function(i) {
    n[i] * (diag(shares[i, ]) - shares[i, ] %o% shares[i, ])
  }))
  gap <- colSums(units - expected)
  total <- c(gap %*% MASS::ginv(covariance) %*% gap)
  rank <- qr(covariance)$rank
  case("allocation.srm_phases", list(observed = units, expected_shares = shares), list(
    p_value = pchisq(distance, sum(rowSums(shares > 0) - 1), lower.tail = FALSE),
    p_value_totals = pchisq(total, rank, lower.tail = FALSE), p_value_phase = each, expected = expected
  ))
}
rows <- function(...) rbind(...)
phases <- list(
  phase_case(rows(c(900, 0), c(2010, 1990)), rows(c(1, 0), c(.5, .5))),
  phase_case(rows(c(950, 41), c(1801, 210), c(5100, 4870)), rows(c(.95, .05), c(.9, .1), c(.5, .5))),
  phase_case(rows(c(400, 410, 0), c(300, 333, 351)), rows(c(1, 1, 0), c(1, 1, 1))),
  phase_case(rows(c(120, 90, 0, 0), c(0, 0, 77, 60)), rows(c(1, 1, 0, 0), c(0, 0, 1, 1)))
)
write_book("phases", "R chisq.test, pchisq and MASS::ginv", 1e-10, phases)

# segments: per segment, Holm, residuals of chisq.test, heterogeneity by difference
segment_case <- function(units, shares) {
  shares <- shares / sum(shares)
  tests <- lapply(seq_len(nrow(units)), function(i) suppressWarnings(chisq.test(units[i, ], p = shares)))
  p <- sapply(tests, function(t) t$p.value)
  all <- chisq.test(colSums(units), p = shares)
  apart <- sum(sapply(tests, function(t) t$statistic)) - all$statistic
  case("allocation.srm_segments", list(observed = units, expected_shares = shares), list(
    p_value = p, p_corrected = p.adjust(p, "holm"), mismatch = as.numeric(p.adjust(p, "holm") < 0.001),
    residual = t(sapply(tests, function(t) unname(t$stdres))), p_value_total = all$p.value,
    p_value_uneven = unname(pchisq(apart, (nrow(units) - 1) * (length(shares) - 1), lower.tail = FALSE))
  ))
}
segments <- list(
  segment_case(rows(c(500, 510), c(800, 600), c(70, 66)), c(.5, .5)),
  segment_case(rows(c(900, 101), c(1830, 190), c(2700, 310), c(400, 44)), c(.9, .1)),
  segment_case(rows(c(310, 300, 333), c(200, 150, 190)), c(1, 1, 1))
)
write_book("segments", "R chisq.test (p.value, stdres), p.adjust", 1e-10, segments)

# multi-exposure: exact binomial against the tolerated share, equality of shares by prop.test
multi_case <- function(units, several, tolerated, alpha) {
  exact <- binom.test(sum(several), sum(units), tolerated, alternative = "greater", conf.level = 1 - alpha)
  same <- suppressWarnings(prop.test(several, units, correct = FALSE))
  half <- rep(1, length(units))
  case("allocation.multi_exposure",
       list(units = units, several = several, expected_shares = half, tolerated = tolerated, alpha = alpha),
       list(share = unname(exact$estimate), lower = exact$conf.int[1], p_value = exact$p.value,
            p_value_by_arm = same$p.value, p_value_with = chi(units, half), p_value_without = chi(units - several, half)))
}
multi <- list(
  multi_case(c(5000, 4700), c(40, 210), .01, .05), multi_case(c(600, 620, 590), c(7, 5, 8), .01, .05),
  multi_case(c(90, 110), c(1, 4), .02, .001), multi_case(c(100000, 100300), c(1001, 1050), .01, .2)
)
write_book("multi_exposure", "R binom.test, prop.test, chisq.test", 1e-11, multi)
