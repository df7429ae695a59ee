using Antrea.Migration.Benchmarks;
using BenchmarkDotNet.Running;

Scale.IsDry = args.Contains("Dry", StringComparer.OrdinalIgnoreCase);
BenchmarkSwitcher.FromAssembly(typeof(Scale).Assembly).Run(args);
