# Makes books/multiplicity_r.json: `Rscript tests/reference/make_multiplicity.R`. Nothing here knows Assay.
library(jsonlite)
names <- c(bonferroni = "bonferroni", holm = "holm", hochberg = "hochberg", hommel = "hommel",
           benjamini_hochberg = "BH", benjamini_yekutieli = "BY")
set.seed(20261123)
families <- list(c(0.01, 0.02, 0.03, 0.04), c(0.012, 0.5, 0.013, 0.02, 0.9), c(0.2), c(0.05, 0.05, 0.001),
                 round(runif(12)^4, 6), c(1e-300, 1e-5, 0.9999, 1), round(runif(40)^2, 5))
cases <- list()
for (p in families) for (name in names(names)) {
  cases[[length(cases) + 1]] <- list(
    call = paste0("multiplicity.", name), with = list(p_values = I(p)),
    expect = list(p_value = I(p.adjust(p, names[[name]]))))
}
book <- list(source = "R p.adjust (stats)", versions = list(R = as.character(getRversion())),
             command = "Rscript tests/reference/make_multiplicity.R", date = format(Sys.Date()),
             tolerance = 1e-13, cases = cases)
writeLines(toJSON(book, auto_unbox = TRUE, digits = I(17), pretty = 1), "tests/reference/books/multiplicity_r.json")
