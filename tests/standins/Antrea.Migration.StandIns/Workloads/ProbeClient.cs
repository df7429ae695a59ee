using System.Globalization;
using Antrea.Migration.Connectivity;

namespace Antrea.Migration.StandIns.Workloads;

/// <summary>The seed's <c>/client -c WORKERS -n REQUESTS -url URL</c>, by the library's prober; exit code 2 when a request failed.</summary>
internal static class ProbeClient
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        using var transport = new HttpProbeTransport();
        var options = new ProbeOptions
        {
            Target = new Uri(Value("-url") ?? throw new StandInException("-url is missing")),
            Workers = Number("-c", 10),
            Requests = Number("-n", 1000),
            Interval = TimeSpan.FromMilliseconds(Number("-interval", 200)),
        };
        var report = new SeedClientReport(options.Requests);
        ProbeResult? result = null;
        await foreach (var item in new ConnectivityProber(options, transport).RunAsync(CancellationToken.None).ConfigureAwait(false))
        {
            result = (item as ProbeFinished)?.Result ?? result;
            foreach (var line in report.Add(item))
            {
                Console.Out.WriteLine(line);
            }
        }

        return result is { Failure: 0 } ? 0 : 2;

        string? Value(string name) => Array.IndexOf(arguments, name) is var i and >= 0 && i + 1 < arguments.Length ? arguments[i + 1] : null;

        int Number(string name, int otherwise) =>
            Value(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
    }
}
