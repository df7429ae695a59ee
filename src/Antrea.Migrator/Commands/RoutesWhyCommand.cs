using System.CommandLine;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Routing.Reachability;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>routes why</c>: one connection, hop by hop, in words.</summary>
internal static class RoutesWhyCommand
{
    private const string AsIs = "as-is";

    private const int HttpPort = 80;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Of a Service's endpoints so many are asked for.</summary>
    private const int MostEndpoints = 100;

    public static Command Create(TextWriter output)
    {
        // --from means the client here, so the files have another name.
        var source = new ClusterSource.Options(offline: true, files: "--snapshot");
        var inputs = new ReachabilityInputs();
        var file = RouteTables.Option();
        var format = CommonOptions.Format();
        var from = End("--from", "Who opens the connection");
        var to = End("--to", "Whom it is for (a ClusterIP or NAMESPACE/SERVICE stands for its endpoints)");
        var fromAs = As("--from-as");
        var toAs = As("--to-as");
        var live = new Option<int?>("--live")
        {
            Description = $"Also open the connection, to this port (by default {HttpPort}), and tell everywhere its packets are seen; needs --lab --fabric kernel.",
            HelpName = "port",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("why", "Tell one connection hop by hop: table, route, device, what Open vSwitch does, the reply, where it dies and what to do; exit code 2 when it dies.")
        {
            from, to, fromAs, toAs, live, file, format,
        };
        source.AddTo(command);
        inputs.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var files = parse.GetValue(file) is { Length: > 0 } given ? RouteTables.FromFiles(given, cancellationToken) : null;
            await using var cluster = await source.OpenAsync(parse, cancellationToken);
            var snapshot = await cluster.Reader.ReadAsync(cancellationToken);
            var tables = files?.Of(snapshot) ?? await RouteTables.FromNodesAsync(cluster, snapshot, cancellationToken);
            var ends = new ConnectionEnds(snapshot);
            var client = ends.Find(parse.GetRequiredValue(from), KindOf(parse.GetValue(fromAs))) switch
            {
                { Service: { } service } => throw new FormatException($"--from is Service {service}, but a Service opens no connection; name a Pod or a Node."),
                var end => end.Ends[0],
            };
            var target = ends.Find(parse.GetRequiredValue(to), KindOf(parse.GetValue(toAs)));
            var clusterIP = target.ClusterIPFor(client);
            if (target.ClusterIPs.Length > 0 && clusterIP is null)
            {
                throw new FormatException($"{client} and Service {target.Service} ({string.Join(", ", target.ClusterIPs)}) have addresses of different families.");
            }

            var tracer = new PathTracer(inputs.Read(parse, snapshot), tables.Tables);
            var traces = target.Ends.Where(s => s.Address.AddressFamily == client.Address.AddressFamily).Take(MostEndpoints)
                .Select(s => tracer.Trace(client, s, clusterIP)).ToList();
            if (traces.Count == 0)
            {
                throw new FormatException($"{client} and {target.Ends[0]} have addresses of different families.");
            }

            // Of a Service's endpoints the one that fails is the one to tell.
            var told = traces.MaxBy(t => t.Answer.Verdict switch
            {
                ReachabilityVerdict.Unreachable => 2,
                ReachabilityVerdict.Degraded => 1,
                _ => 0,
            })!;
            var seen = parse.GetResult(live) is { Implicit: false }
                ? await CaptureAsync(cluster, snapshot, client, clusterIP ?? told.Server.Address, parse.GetValue(live) ?? HttpPort, cancellationToken)
                : null;
            if (parse.GetValue(format) == "json")
            {
                var json = RoutesOutput.Json(told, traces, tables);
                if (seen is not null)
                {
                    json["live"] = LiveJson(seen);
                }

                output.WriteJson(json);
            }
            else
            {
                RoutesOutput.Write(output, told, traces, tables);
                if (seen is not null)
                {
                    await output.WriteLineAsync($"\n{seen}");
                }
            }

            return told.Answer.Verdict == ReachabilityVerdict.Unreachable ? ExitCodes.Findings : ExitCodes.Success;
        });
        return command;
    }

    private static Task<LiveTrace> CaptureAsync(
        ClusterSource cluster, ClusterSnapshot snapshot, ReachabilityEndpoint client, IPAddress destination, int port, CancellationToken cancellationToken)
    {
        if (cluster.Lab is not { NamespacePrefix: not null } lab)
        {
            throw new FormatException("--live needs a lab whose network is the kernel's: --lab --fabric kernel.");
        }

        var source = client.Kind == PodNetworkKind.Host
            ? client.Node
            : snapshot.Pods.FirstOrDefault(pod => !pod.HostNetwork && pod.PodIPs.Contains(client.Address))?.ToString()
                ?? throw new FormatException($"--live: no Pod has {client.Address} yet.");
        return lab.Network.CaptureAsync(source, destination, port, Patience, cancellationToken);
    }

    private static JsonObject LiveJson(LiveTrace seen) => new()
    {
        ["outcome"] = JsonNamingPolicy.CamelCase.ConvertName(seen.Outcome.ToString()),
        ["milliseconds"] = seen.Duration.TotalMilliseconds,
        ["hops"] = new JsonArray([.. seen.Hops.Select(hop => (JsonNode)new JsonObject
        {
            ["milliseconds"] = hop.At.TotalMilliseconds,
            ["where"] = hop.Where,
            ["device"] = hop.Device,
            ["direction"] = hop.IsIncoming ? "in" : "out",
            ["from"] = hop.From.ToString(),
            ["to"] = hop.To.ToString(),
            ["flags"] = hop.Flags,
        })]),
    };

    private static Option<string> End(string name, string what) =>
        new(name) { Description = $"{what}: NAMESPACE/POD, a Node's name, or an IP address.", HelpName = "POD|NODE|IP", Required = true };

    private static Option<string> As(string name) => new Option<string>(name)
    {
        Description = "Take the Pod as what it is, or as what the migration makes of it.",
        HelpName = "as-is|calico|multus|antrea",
        DefaultValueFactory = _ => AsIs,
    }.AcceptOnlyFromAmong(AsIs, "calico", "multus", "antrea");

    private static PodNetworkKind? KindOf(string? text) => text switch
    {
        "calico" => PodNetworkKind.Calico,
        "multus" => PodNetworkKind.Multus,
        "antrea" => PodNetworkKind.Antrea,
        _ => null,
    };
}
