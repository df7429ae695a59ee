using System.CommandLine;
using System.CommandLine.Parsing;
using Antrea.Migration.Connectivity;

namespace Antrea.Migrator.Commands;

/// <summary><c>probe</c>: the load test, line for line as the seed's <c>/client</c> prints it.</summary>
internal static class ProbeCommand
{
    public static Command Create(TextWriter output)
    {
        var workers = CommonOptions.Whole("-c", "Workers.", 10, 1, 10_000);
        var requests = CommonOptions.Whole("-n", "Requests after which the workers stop.", 1000);
        var url = new Option<Uri>("-url", "--url") { Description = "The http or https URL.", Required = true, CustomParser = ParseUrl };
        var interval = CommonOptions.Whole("--interval", "Milliseconds between two requests of a worker.", 200, 1, CommonOptions.DayInMilliseconds);
        var timeout = CommonOptions.Whole("--timeout", "Milliseconds that a request may take.", 2000, 1, CommonOptions.DayInMilliseconds);
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

    /// <summary>System.CommandLine converts no text to a <see cref="Uri"/> by itself.</summary>
    private static Uri? ParseUrl(ArgumentResult result)
    {
        var text = result.Tokens[^1].Value;
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps))
        {
            return url;
        }

        result.AddError($"-url is '{text}', but must be an http or https URL, for example http://nginx-origin.");
        return null;
    }
}
