module antrea-migration/benchmarks/bart

go 1.24

require github.com/gaissmai/bart v0.0.0
