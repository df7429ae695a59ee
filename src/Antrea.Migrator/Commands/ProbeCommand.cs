using System.CommandLine;
using System.CommandLine.Parsing;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Connectivity.Load;

namespace Antrea.Migrator.Commands;

/// <summary><c>probe</c>: the load test, line for line as the seed's <c>/client</c> prints it, or with <c>--rate</c> and <c>--max</c> one that
/// misses nothing.</summary>
internal static class ProbeCommand
{
    public static Command Create(TextWriter output)
    {
        var workers = CommonOptions.Whole("-c", "Workers.", 10, 1, 10_000);
        var requests = CommonOptions.Whole("-n", "Requests after which the workers stop.", 1000);
        var url = new Option<Uri>("-url", "--url") { Description = "The http or https URL; with --rate also tcp://HOST:PORT (connect), stream://HOST:PORT (one connection to an echo server), dns://SERVER/NAME.", Required = true, CustomParser = ParseUrl };
        var interval = CommonOptions.Whole("--interval", "Milliseconds between two requests of a worker.", 200, 1, CommonOptions.DayInMilliseconds);
        var timeout = CommonOptions.Whole("--timeout", "Milliseconds that a request may take.", 2000, 1, CommonOptions.DayInMilliseconds);
        var command = new Command("probe", "Send requests at a steady pace and count what became of them; exit code 2 when any failed, or when a limit of --fail-if is crossed.")
        {
            workers, requests, url, interval, timeout,
        };
        var load = new LoadProbeOptions();
        load.AddTo(command);
        command.Validators.Add(result =>
        {
            // By its text: the values of options are not checked yet.
            if (result.GetResult(url)?.Tokens is [.., var token] && Uri.TryCreate(token.Value, UriKind.Absolute, out var target))
            {
                CheckScheme(result, target, load);
            }
        });
        command.SetAction(async (parse, cancellationToken) =>
        {
            if (load.IsOpenModel(parse) || load.IsClosedLoop(parse))
            {
                return await RunLoadAsync(
                    parse,
                    load,
                    parse.GetRequiredValue(url),
                    TimeSpan.FromMilliseconds(parse.GetValue(timeout)),
                    parse.GetValue(workers),
                    parse.GetResult(requests) is { Implicit: false } ? parse.GetValue(requests) : null,
                    output,
                    cancellationToken);
            }

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

    private static async Task<int> RunLoadAsync(
        ParseResult parse, LoadProbeOptions load, Uri target, TimeSpan timeout, int workers, long? requests, TextWriter output, CancellationToken cancellationToken)
    {
        var wanted = load.Reporting(parse);
        if (load.IsClosedLoop(parse))
        {
            var loop = new ClosedLoopProber(load.ClosedLoop(parse, target, timeout, workers, requests));
            return await LoadProbe.RunAsync(loop.RunAsync(CancellationToken.None), loop.Stop, wanted, output, cancellationToken);
        }

        var transport = TransportOf(target, load.KeepsConnections(parse));
        try
        {
            var prober = new OpenModelProber(load.OpenModel(parse, target, timeout), transport);
            return await LoadProbe.RunAsync(prober.RunAsync(CancellationToken.None), prober.Stop, wanted, output, cancellationToken);
        }
        finally
        {
            if (transport is IAsyncDisposable resource)
            {
                await resource.DisposeAsync();
            }

            (transport as IDisposable)?.Dispose();
        }
    }

    private static IProbeTransport TransportOf(Uri target, bool keepsConnections) => target.Scheme switch
    {
        "tcp" => new TcpConnectProbeTransport(),
        "stream" => new TcpStreamProbeTransport(),
        "dns" => new DnsProbeTransport(),
        _ => new HttpProbeTransport(reuseConnections: keepsConnections),
    };

    /// <summary>What the modes cannot speak.</summary>
    private static void CheckScheme(CommandResult result, Uri url, LoadProbeOptions load)
    {
        if (load.IsClosedLoop(result) && url.Scheme != Uri.UriSchemeHttp)
        {
            result.AddError($"-url is '{url.OriginalString}', but --max speaks http only; use --rate.");
        }
        else if (!load.IsOpenModel(result) && !IsHttp(url))
        {
            result.AddError($"-url is '{url.OriginalString}', but must be an http or https URL, for example http://nginx-origin; others need --rate.");
        }
        else if (url.Scheme is "tcp" or "stream" && url.Port <= 0)
        {
            result.AddError($"-url is '{url.OriginalString}', but {url.Scheme} has no port of its own: name one.");
        }
    }

    private static bool IsHttp(Uri url) => url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps;

    /// <summary>System.CommandLine converts no text to a <see cref="Uri"/> by itself.</summary>
    private static Uri? ParseUrl(ArgumentResult result)
    {
        var text = result.Tokens[^1].Value;
        if (text.Any(char.IsControl))
        {
            result.AddError("-url has control characters in it; write them as %XX.");
            return null;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Host.Length > 0 && (IsHttp(url) || url.Scheme is "tcp" or "stream" or "dns"))
        {
            return url;
        }

        result.AddError($"-url is '{text}', but must be an http or https URL, for example http://nginx-origin.");
        return null;
    }
}
