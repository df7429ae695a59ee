using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.Execution;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>What the library's <see cref="NodeCommands"/> do on a hollow Node: one handler a verb, the shell text is not looked at.</summary>
internal static class NodeVerbs
{
    private const int AnyNumber = -1;

    private static readonly Dictionary<string, (int Arguments, Func<LabNode, IReadOnlyList<string>, NodeCommandResult> Run)> Table =
        new(StringComparer.Ordinal)
        {
            ["list-directory"] = (1, ListDirectory),
            ["read-file"] = (1, ReadFile),
            ["write-file"] = (AnyNumber, WriteFile),
            ["read-cni-configs"] = (1, ReadCniConfigs),
            ["write-cni-config"] = (AnyNumber, WriteCniConfig),
            ["remove-file"] = (1, RemoveFile),
            ["move-file"] = (2, MoveFile),
            ["read-routes"] = (0, ReadRoutes),
            ["inspect-node"] = (AnyNumber, InspectNode),
            ["list-multus-attachments"] = (1, ListMultusAttachments),
            ["check-sandboxes"] = (0, (_, _) => Done("")),
            ["release-host-ports"] = (AnyNumber, HostPortVerbs.Release),
            ["audit-calico"] = (AnyNumber, CalicoLeftovers.Audit),
            ["clear-calico-routes"] = (AnyNumber, CalicoLeftovers.ClearRoutes),
            ["lead-calico"] = (AnyNumber, CalicoLeadVerbs.Start),
            ["stop-leading-calico"] = (0, CalicoLeadVerbs.Stop),
            ["label-addresses"] = (AnyNumber, AddressLabelVerbs.Put),
            ["remove-address-labels"] = (0, AddressLabelVerbs.Remove),
            ["remove-multus"] = (2, RemoveMultus),
            ["detach-antrea"] = (0, AntreaLeftovers.Detach),
            ["audit-antrea"] = (AnyNumber, AntreaLeftovers.Audit),
            ["clean-antrea"] = (AnyNumber, AntreaLeftovers.Clean),
            ["clean-calico"] = (AnyNumber, CalicoLeftovers.Clean),
        };

    /// <summary>Runs an argument vector of <see cref="NodeCommand.ToArgv"/>; exit code 127 when it is none, or the verb is
    /// unknown here. A <c>chroot /host</c> before it is looked through.</summary>
    public static NodeCommandResult Run(LabNode node, IReadOnlyList<string> argv)
    {
        if (Read(argv) is not var (verb, arguments))
        {
            return Failed(127, $"the lab runs no programs on its Nodes, only the migration's Node commands: {string.Join(' ', argv.Take(2))}");
        }

        if (!Table.TryGetValue(verb, out var handler))
        {
            return Failed(127, $"the lab's Nodes do not know the verb '{verb}'; they know {string.Join(", ", Table.Keys)}");
        }

        return handler.Arguments is AnyNumber || arguments.Count == handler.Arguments
            ? handler.Run(node, arguments)
            : Failed(2, $"{verb} takes {handler.Arguments} arguments, not {arguments.Count}");
    }

    /// <summary>As <see cref="Run"/>; what is done by the Node's container runtime takes its time.</summary>
    public static async Task<NodeCommandResult> RunAsync(LabNode node, IReadOnlyList<string> argv, CancellationToken cancellationToken) =>
        Read(argv) is ("restart-sandbox", [var uid, var address, _])
            ? Done(node.Pods.TryGetValue(uid, out var pod) && await pod.EndSandboxAsync(IPAddress.Parse(address), cancellationToken).ConfigureAwait(false) is { } ended ? $"{ended}\n" : "")
            : Run(node, argv);

    private static (string Verb, List<string> Arguments)? Read(IReadOnlyList<string> argv)
    {
        if (argv is ["chroot", "/host", ..])
        {
            argv = [.. argv.Skip(2)];
        }

        return argv is ["sh" or "/bin/sh", "-c", _, var name, ..] && name.StartsWith(NodeCommand.NamePrefix, StringComparison.Ordinal)
            ? (name[NodeCommand.NamePrefix.Length..], [.. argv.Skip(4)])
            : null;
    }

    private static NodeCommandResult ListDirectory(LabNode node, IReadOnlyList<string> arguments) =>
        Done(string.Concat(node.Files.List(arguments[0]).Select(n => n + "\n")));

    private static NodeCommandResult ReadFile(LabNode node, IReadOnlyList<string> arguments) =>
        node.Files.TryRead(arguments[0], out var content)
            ? Done(content)
            : Failed(1, $"cat: {arguments[0]}: No such file or directory");

    private static NodeCommandResult WriteFile(LabNode node, IReadOnlyList<string> arguments)
    {
        var temporary = arguments[0] + ".antrea-migration";
        node.Files.Write(temporary, Encoding.UTF8.GetString(Convert.FromBase64String(string.Concat(arguments.Skip(1)))));
        node.Files.Move(temporary, arguments[0]);
        return Done("");
    }

    private static NodeCommandResult ReadCniConfigs(LabNode node, IReadOnlyList<string> arguments) => Done(string.Concat(
        node.Files.Files(arguments[0])
            .Where(f => f.EndsWith(".conf", StringComparison.Ordinal) || f.EndsWith(".conflist", StringComparison.Ordinal) || f.EndsWith(".json", StringComparison.Ordinal))
            .Select(f => node.Files.TryRead($"{arguments[0]}/{f}", out var text) ? $"{Convert.ToBase64String(Encoding.UTF8.GetBytes(text))} {f}\n" : "")));

    private static NodeCommandResult WriteCniConfig(LabNode node, IReadOnlyList<string> arguments)
    {
        WriteFile(node, [$"{arguments[0]}/{arguments[1]}", .. arguments.Skip(2)]);
        return ReadCniConfigs(node, arguments);
    }

    private static NodeCommandResult RemoveFile(LabNode node, IReadOnlyList<string> arguments)
    {
        if (node.Files.DirectoryExists(arguments[0]))
        {
            return Failed(1, $"rm: cannot remove '{arguments[0]}': Is a directory");
        }

        node.Files.Remove(arguments[0]);
        return Done("");
    }

    private static NodeCommandResult MoveFile(LabNode node, IReadOnlyList<string> arguments) =>
        node.Files.Move(arguments[0], arguments[1]) || node.Files.FileExists(arguments[1])
            ? Done("")
            : Failed(1, $"mv: cannot stat '{arguments[0]}': No such file or directory");

    private static NodeCommandResult ReadRoutes(LabNode node, IReadOnlyList<string> arguments) =>
        Done(RoutesJson(node.Host.State.Routing.Routes).ToJsonString() + "\n");

    private static NodeCommandResult InspectNode(LabNode node, IReadOnlyList<string> modules)
    {
        var devices = node.Host.State.Devices;
        return Done(string.Concat(
            modules.Select(m => $"module {m} {(node.Kernel.MissingModules.Contains(m) ? "missing" : "available")}\n")
                .Concat([$"rp_filter all {node.Kernel.ReversePathFilter}\n"])
                .Concat(devices.Select(d => $"mtu {d.Name} {node.Kernel.MtuOf(d.Kind)}\n"))
                .Concat(devices.SelectMany(d => d.Addresses.Select(a => $"address {d.Name} {a.Address}/{a.PrefixLength}\n")))
                .Concat(node.Kernel.Listening.Select(s => $"socket {s.Protocol} 00000000:{s.Port:X4}\n"))));
    }

    private static NodeCommandResult ListMultusAttachments(LabNode node, IReadOnlyList<string> arguments) => Done(string.Concat(
        node.Files.Files(arguments[0])
            .Where(f => node.Files.TryRead($"{arguments[0]}/{f}", out var delegates)
                && delegates.Contains("\"antrea\"", StringComparison.Ordinal))
            .Select(f => f + "\n")));

    private static NodeCommandResult RemoveMultus(LabNode node, IReadOnlyList<string> arguments)
    {
        foreach (var directory in arguments)
        {
            foreach (var name in node.Files.Files(directory))
            {
                node.Files.Remove($"{directory}/{name}");
            }
        }

        node.Files.Remove("/opt/cni/bin/multus");
        return Done("");
    }

    /// <summary>Routes as <c>ip -j route show table all</c> prints them.</summary>
    internal static JsonArray RoutesJson(IEnumerable<Route> routes) =>
        new([.. routes.Select(r => (JsonNode)RouteJson(r))]);

    private static JsonObject RouteJson(Route route)
    {
        var json = new JsonObject();
        if (route.Type != RouteType.Unicast)
        {
            json["type"] = JsonNamingPolicy.CamelCase.ConvertName(route.Type.ToString());
        }

        json["dst"] = route.Destination switch
        {
            { PrefixLength: 0 } => "default",
            { IsIPv6: false, PrefixLength: 32 } or { PrefixLength: 128 } => route.Destination.FirstAddress.ToString(),
            _ => route.Destination.ToString(),
        };
        Set("gateway", route.Gateway?.ToString());
        Set("dev", route.Device);
        Set("table", route.Table == "main" ? null : route.Table);
        Set("protocol", route.Protocol);
        Set("scope", route.Scope);
        Set("prefsrc", route.Source?.ToString());
        if (route.Metric != 0)
        {
            json["metric"] = route.Metric;
        }

        json["flags"] = route.OnLink ? new JsonArray("onlink") : new JsonArray();
        return json;

        void Set(string field, string? value)
        {
            if (value is not null)
            {
                json[field] = value;
            }
        }
    }

    private static NodeCommandResult Done(string output) => new(0, output, "");

    private static NodeCommandResult Failed(int code, string error) => new(code, "", error + "\n");
}
