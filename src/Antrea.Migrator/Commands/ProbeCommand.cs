using System.CommandLine;
using Antrea.Migration.Connectivity;

namespace Antrea.Migrator.Commands;

/// <summary><c>probe</c>: the load test, line for line as the seed's <c>/client</c> prints it.</summary>
internal static class ProbeCommand
{
    public static Command Create(TextWriter output)
    {
        var workers = new Option<int>("-c") { Description = "Workers.", DefaultValueFactory = _ => 10 };
        var requests = new Option<int>("-n") { Description = "Requests after which the workers stop.", DefaultValueFactory = _ => 1000 };
        var url = new Option<Uri>("-url", "--url") { Description = "The http or https URL.", Required = true };
        var interval = new Option<int>("--interval") { Description = "Milliseconds between two requests of a worker.", DefaultValueFactory = _ => 200 };
        var timeout = new Option<int>("--timeout") { Description = "Milliseconds that a request may take.", DefaultValueFactory = _ => 2000 };
        var command = new Command("probe", "Send requests at a steady pace and count what became of them; exit code 2 when any failed.")
        {
            workers, requests, url, interval, timeout,
        };
        command.SetAction(async (parse, cancellationToken) =>
        {
            using var transport = new HttpProbeTransport();
            var options = new ProbeOptions
            {
                Target = parse.GetRequiredValue(url),
                Workers = parse.GetValue(workers),
                Requests = parse.GetValue(requests),
                Interval = TimeSpan.FromMilliseconds(parse.GetValue(interval)),
                Timeout = TimeSpan.FromMilliseconds(parse.GetValue(timeout)),
            };
            var prober = new ConnectivityProber(options, transport);

            // As with the seed's client, Ctrl-C ends the run in good order: the totals so far are printed.
            using var stop = cancellationToken.Register(prober.Stop);
            var report = new SeedClientReport(options.Requests);
            ProbeResult? result = null;
            await foreach (var item in prober.RunAsync(CancellationToken.None))
            {
                result = (item as ProbeFinished)?.Result;
                foreach (var line in report.Add(item))
                {
                    await output.WriteLineAsync(line);
                }
            }

            return cancellationToken.IsCancellationRequested
                ? ExitCodes.Interrupted
                : result!.Failure == 0 ? ExitCodes.Success : ExitCodes.Findings;
        });
        return command;
    }
}
