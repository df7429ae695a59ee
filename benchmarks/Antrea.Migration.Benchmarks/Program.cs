using Antrea.Migration.Benchmarks;
using BenchmarkDotNet.Running;

// Not BenchmarkDotNet's: "lab 21 50 100" starts labs of so many Nodes and probes them. A dry job sees that this works, too.
if (args is ["lab", .. var sizes])
{
    await LabTimes.RunAsync([.. sizes.Select(int.Parse)], CancellationToken.None);
    return;
}

Scale.IsDry = args.Contains("Dry", StringComparer.OrdinalIgnoreCase);
BenchmarkSwitcher.FromAssembly(typeof(Scale).Assembly).Run(args);
if (Scale.IsDry && args.Contains("*"))
{
    await LabTimes.RunAsync([LabTimes.Smallest], CancellationToken.None);
}
