using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using System.Text.Json;
using Antrea.Migration.Addressing;
using Antrea.Migration.Execution;

namespace Antrea.Migrator.Commands.Nodes;

/// <summary><c>node</c>: each thing that the migration does on a Node, one at a time, for when somebody has to look or to help.</summary>
internal static class NodeVerbs
{
    public static Command Create(TextWriter output)
    {
        var verb = new NodeVerb(output);
        return new Command("node", "Do on this Node by hand what the migration does on every Node: in the node agent's Pod (kubectl exec), or on the Node itself.")
        {
            verb.Look("routes", "Print all routes of all tables as JSON, as 'routes --file' takes them.", _ => NodeCommands.ReadRoutes()),
            Inspect(verb),
            Cni(verb),
            Calico(verb),
            Sandbox(verb),
            HostPorts(verb),
            new Command("multus", "What Multus keeps on the Node.")
            {
                verb.Look("attachments", "List the containers that Multus wired to Antrea.", _ => NodeCommands.ListMultusAttachments()),
                verb.Change("remove", "Remove Multus' binary, its kubeconfig and its memory of Pods' delegates.", _ => NodeCommands.RemoveMultus()),
            },
            Antrea(verb),
        };
    }

    private static Command Antrea(NodeVerb verb)
    {
        const string Description = "The other Nodes' PodCIDRs, where Antrea routed to them without a tunnel: such routes outlive it.";
        var (audited, cleaned) = (Ranges(Description), Ranges(Description));
        return new Command("antrea", "What Antrea leaves on the Node, for a rollback.")
        {
            verb.Audit("audit", "List what Antrea left; exit code 2 when there is something.", parse => NodeCommands.AuditAntrea(Cidrs(parse.GetValue(audited))), audited),
            verb.Change("detach", "Delete Antrea's bridge while Open vSwitch runs.", _ => NodeCommands.DetachAntrea()),
            verb.Change(
                "clean", "Remove what Antrea left: files, hostPorts, netfilter rules, ipsets, links and routes.", parse => NodeCommands.CleanAntrea(Cidrs(parse.GetValue(cleaned))), cleaned),
        };
    }

    private static Command Inspect(NodeVerb verb)
    {
        var modules = new Argument<string[]>("MODULE") { Description = "Kernel modules to look for.", Arity = ArgumentArity.ZeroOrMore, DefaultValueFactory = _ => [] };
        return verb.Look(
            "inspect", "Print what the kernel says of modules, reverse-path filters, MTUs, addresses and listening ports.",
            parse => NodeCommands.InspectNode(parse.GetValue(modules) ?? []), modules);
    }

    private static Command Sandbox(NodeVerb verb)
    {
        var uid = new Argument<string>("UID") { Description = "The Pod's metadata.uid." };
        var address = new Argument<string>("ADDRESS")
        {
            Description = "The address that its sandbox has; one with another is left alone.",
            Validators = { result => CheckAddresses(result, result.Tokens) },
        };
        var grace = CommonOptions.Whole("--grace", "Seconds that its containers may take to end.", 30, 0);
        return new Command("sandbox", "The sandboxes of Pods, by the container runtime's crictl.")
        {
            verb.Look("check", "Look whether crictl is there and reaches the runtime.", _ => NodeCommands.CheckSandboxes()),
            verb.Change(
                "restart", "End a Pod's sandbox; kubelet makes another, with the network that new Pods get.",
                parse => NodeCommands.RestartSandbox(
                    parse.GetRequiredValue(uid), IPAddress.Parse(parse.GetRequiredValue(address)), TimeSpan.FromSeconds(parse.GetValue(grace))),
                uid, address, grace),
        };
    }

    private static Command HostPorts(NodeVerb verb)
    {
        var network = NetworkOption("The CNI network whose hostPorts are looked at.");
        var keep = new Option<string[]>("--keep")
        {
            Description = "An address of a Pod that is there. One that Calico has wired is known by its route.",
            HelpName = "ADDRESS",
            DefaultValueFactory = _ => [],
            Validators = { result => CheckAddresses(result, result.Tokens) },
        };
        return new Command("host-ports", "The rules by which ports of the Node lead to Pods.")
        {
            verb.Change(
                "release", "Remove those that lead to Pods that are gone, and would go before those of new Pods.",
                parse => NodeCommands.ReleaseHostPorts([parse.GetRequiredValue(network)], (parse.GetValue(keep) ?? []).Select(IPAddress.Parse)), network, keep),
        };
    }

    private static Option<string> NetworkOption(string description) => new("--network")
    {
        Description = description,
        HelpName = "NAME",
        DefaultValueFactory = _ => NodeCommands.CalicoNetwork,
        Validators =
        {
            result =>
            {
                if (result.Tokens is [{ Value: var name }] && !NodeCommands.IsNetworkName(name))
                {
                    result.AddError($"'{name}' is not the name of a CNI network.");
                }
            },
        },
    };

    private static Command Cni(NodeVerb verb)
    {
        return new Command("cni", $"CNI configurations: the files of {NodeCommands.CniConfigDirectory}.")
        {
            verb.Look("list", "List them.", _ => NodeCommands.ListDirectory(NodeCommands.CniConfigDirectory)),
            Named(name => verb.Look("read", "Print one.", parse => NodeCommands.ReadFile(PathOf(parse, name)), name)),
            Named(name =>
            {
                var from = new Option<string>("--from") { Description = "The file that holds it; /dev/stdin reads from a pipe.", Required = true };
                return verb.Change(
                    "write", "Write one so that no reader sees half of it.", parse => NodeCommands.WriteFile(PathOf(parse, name), ReadJson(parse.GetRequiredValue(from))), name, from);
            }),
            Named(name => verb.Change("remove", "Remove one.", parse => NodeCommands.RemoveFile(PathOf(parse, name)), name)),
        };

        static string PathOf(ParseResult parse, Argument<string> name) => $"{NodeCommands.CniConfigDirectory}/{parse.GetRequiredValue(name)}";

        static Command Named(Func<Argument<string>, Command> create) => create(new Argument<string>("NAME")
        {
            Description = "The file's name, without a folder.",
            Validators =
            {
                result =>
                {
                    if (result.Tokens is [{ Value: var name }] && (name is "" or "." or ".." || name.Contains('/', StringComparison.Ordinal)))
                    {
                        result.AddError($"'{name}' is not the name of a file in {NodeCommands.CniConfigDirectory}.");
                    }
                },
            },
        });
    }

    private static Command Calico(NodeVerb verb)
    {
        const string Description = "Calico's pools and blocks: routes are looked for inside them only.";
        var (audited, cleaned) = (Ranges(Description), Ranges(Description));
        const string Network = "The name of Calico's CNI network, by which hostPorts and host-local addresses go.";
        var (auditedNetwork, cleanedNetwork) = (NetworkOption(Network), NetworkOption(Network));
        var own = CidrOption("--own", "The Node's own PodCIDR: what comes from there goes by the main table as before.");
        var from = CidrOption("--from", "A range of Calico's addresses.");
        var address = new Option<string[]>("--address")
        {
            Description = "An address of the Node's own.",
            DefaultValueFactory = _ => [],
            Validators = { result => CheckAddresses(result, result.Tokens) },
        };
        var gateway = CidrOption("--own", "The Node's own PodCIDR, whose first host address is antrea-gw0's.");
        var towards = CidrOption("--from", "A range of Calico's addresses.");
        var route = new Option<string[]>("--route")
        {
            Description = "A route as ip takes it, for example '10.10.2.0/24 via 172.18.0.3 dev tunl0 onlink'.",
            DefaultValueFactory = _ => [],
        };
        return new Command("calico", "What Calico leaves on the Node, and where its Pods' packets go meanwhile.")
        {
            verb.Audit(
                "audit", "List what Calico left; exit code 2 when there is something.",
                parse => NodeCommands.AuditCalico(Cidrs(parse.GetValue(audited)), parse.GetRequiredValue(auditedNetwork)), audited, auditedNetwork),
            verb.Change(
                "clean", "Remove what Calico left: files, hostPorts, netfilter rules, ipsets, routes and links.",
                parse => NodeCommands.CleanCalico(Cidrs(parse.GetValue(cleaned)), parse.GetRequiredValue(cleanedNetwork)), cleaned, cleanedNetwork),
            verb.Change(
                "lead", "Send what comes from Calico addresses and goes to PodCIDRs by routes of its own, as the bridge policy-route does.",
                parse => NodeCommands.LeadCalico(Cidrs(parse.GetValue(own)), Cidrs(parse.GetValue(from)), parse.GetValue(route) ?? []), own, from, route),
            verb.Change("stop-leading", "Undo 'lead'.", _ => NodeCommands.StopLeadingCalico()),
            verb.Change(
                "label", "Let the Node send to its own Calico Pods from its own IPv6 address, and not from antrea-gw0's, as the bridge multus does.",
                parse => NodeCommands.LabelAddresses((parse.GetValue(address) ?? []).Select(IPAddress.Parse), Cidrs(parse.GetValue(gateway)), Cidrs(parse.GetValue(towards))),
                address, gateway, towards),
            verb.Change("unlabel", "Undo 'label'.", _ => NodeCommands.RemoveAddressLabels()),
        };
    }

    private static Argument<string[]> Ranges(string description) => new("CIDR")
    {
        Description = description,
        Arity = ArgumentArity.ZeroOrMore,
        DefaultValueFactory = _ => [],
        Validators = { result => Check(result, result.Tokens) },
    };

    private static Option<string[]> CidrOption(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "CIDR",
        DefaultValueFactory = _ => [],
        Validators = { result => Check(result, result.Tokens) },
    };

    private static void Check(SymbolResult result, IEnumerable<Token> tokens)
    {
        foreach (var token in tokens.Where(t => !Cidr.TryParse(t.Value, out _)))
        {
            result.AddError($"'{token.Value}' is not a range such as 10.10.0.0/16.");
        }
    }

    private static void CheckAddresses(SymbolResult result, IEnumerable<Token> tokens)
    {
        foreach (var token in tokens.Where(t => !IPAddress.TryParse(t.Value, out _)))
        {
            result.AddError($"'{token.Value}' is not an address such as 10.10.3.7.");
        }
    }

    private static IEnumerable<Cidr> Cidrs(string[]? texts) => (texts ?? []).Select(Cidr.Parse);

    /// <summary>A file that no runtime can read would keep every new Pod of the Node from starting.</summary>
    private static string ReadJson(string path)
    {
        var text = File.ReadAllText(path);
        try
        {
            using var json = JsonDocument.Parse(text);
            return text;
        }
        catch (JsonException e)
        {
            throw new FormatException($"{path} is not JSON, which every CNI configuration is: {e.Message}", e);
        }
    }
}
