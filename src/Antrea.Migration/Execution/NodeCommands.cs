using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Execution;

/// <summary>Every command the migration runs on a Node. Their shell text lives here and nowhere else.</summary>
public static class NodeCommands
{
    /// <summary>Where the container runtime looks for CNI configurations.</summary>
    public const string CniConfigDirectory = "/etc/cni/net.d";

    /// <summary>The name of Calico's network where its CNI configuration says no other.</summary>
    public const string CalicoNetwork = "k8s-pod-network";

    /// <summary>The name of Antrea's network.</summary>
    public const string AntreaNetwork = "antrea";

    /// <summary>Where Multus remembers each Pod's delegates, one file a container.</summary>
    public const string MultusCacheDirectory = "/var/lib/cni/multus";

    private const int ArgumentLength = 64 * 1024;

    private const string Write = """printf %s "$@" | base64 -d > "$f.antrea-migration" && sync "$f.antrea-migration" && mv -f "$f.antrea-migration" "$f" """;

    private const string PrintCniConfigs =
        """
        command -v base64 >/dev/null 2>&1 || { echo "base64 is not on this Node: its CNI configurations cannot be read" >&2; exit 3; }
        for c in "$d"/*.conf "$d"/*.conflist "$d"/*.json "$d"/.*.conf "$d"/.*.conflist "$d"/.*.json; do
          { [ -e "$c" ] || [ -L "$c" ]; } && [ ! -d "$c" ] || continue
          if t=$(base64 < "$c"); then printf '%s %s\n' "$(printf %s "$t" | tr -d '\n')" "${c##*/}"
          elif [ -e "$c" ] || [ -L "$c" ]; then echo "$c cannot be read" >&2; exit 4; fi
        done
        """;

    /// <summary>Lists the entries of a directory, one name a line, sorted; nothing when the directory is missing.</summary>
    public static NodeCommand ListDirectory(string path) =>
        new("list-directory", """[ ! -d "$1" ] || LC_ALL=C ls -1A "$1" """.TrimEnd(), [path]);

    /// <summary>Prints a file. Exit code 1 when it does not exist.</summary>
    public static NodeCommand ReadFile(string path) => new("read-file", """cat "$1" """.TrimEnd(), [path]);

    /// <summary>Writes a file so that no reader sees half of it: a temporary name in the same directory, flush, rename.</summary>
    /// <remarks>containerd reloads on rename within the directory, not on a move from elsewhere; the temporary name has
    /// no extension that a runtime would read. The content travels as Base64 in as many arguments as it takes, since Linux
    /// bounds a single one at 128 KiB.</remarks>
    public static NodeCommand WriteFile(string path, string content) => new("write-file", $"umask 077; f=$1; shift; {Write}", [path, .. InArguments(content)]);

    /// <summary>Prints the CNI configurations that a container runtime would look at, hidden ones included: a line each, of Base64, a space and the name. No kubeconfig, so no token.
    /// Exit code 3 without <c>base64</c>, 4 where one of them cannot be read, a link to nothing included; one that goes away meanwhile is left out.</summary>
    public static NodeCommand ReadCniConfigs() => new("read-cni-configs", $"d=$1; {PrintCniConfigs}", [CniConfigDirectory]);

    /// <summary>Writes a CNI configuration as <see cref="WriteFile"/> does, and then prints what <see cref="ReadCniConfigs"/> does.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="content">Its text.</param>
    public static NodeCommand WriteCniConfig(string name, string content) => new(
        "write-cni-config", $"umask 077; d=$1; f=$1/$2; shift 2; {{ {Write}; }} || exit 1; {PrintCniConfigs}", [CniConfigDirectory, name, .. InArguments(content)]);

    /// <summary>Removes a file; success when it is already gone.</summary>
    public static NodeCommand RemoveFile(string path) => new("remove-file", """rm -f "$1" """.TrimEnd(), [path]);

    /// <summary>Prints all routes of all tables as JSON (<c>ip -j route show table all</c>).</summary>
    public static NodeCommand ReadRoutes() => new("read-routes", "ip -j route show table all", []);

    /// <summary>Prints what the Node's kernel says of modules, reverse-path filters, MTUs, addresses and listening ports, a line each.</summary>
    /// <param name="modules">The modules to look for.</param>
    public static NodeCommand InspectNode(IEnumerable<string> modules) => new("inspect-node", NodeInspection.Script, [.. modules]);

    /// <summary>Lists the containers that Multus wired to Antrea, one container id a line.</summary>
    public static NodeCommand ListMultusAttachments() =>
        new(
            "list-multus-attachments",
            """
            [ ! -d "$1" ] || for f in "$1"/*; do [ ! -f "$f" ] || ! grep -q '"antrea"' "$f" || printf '%s\n' "${f##*/}"; done
            """,
            [MultusCacheDirectory]);

    /// <summary>Looks whether <see cref="RestartSandbox"/> can work: exit code 3 when there is no <c>crictl</c>.</summary>
    public static NodeCommand CheckSandboxes() => new("check-sandboxes", SandboxRestart.Check, []);

    /// <summary>Ends a Pod's sandbox, so that kubelet makes another, with the network of new Pods; prints the sandbox's id, and nothing where the Pod has no
    /// sandbox with that address any more. May be repeated.</summary>
    /// <param name="uid">The Pod's uid.</param>
    /// <param name="address">The address that the sandbox to be ended has.</param>
    /// <param name="grace">How long its containers may take to end; rounded up to seconds.</param>
    public static NodeCommand RestartSandbox(string uid, IPAddress address, TimeSpan grace)
    {
        ArgumentNullException.ThrowIfNull(address);
        return new(
            "restart-sandbox", SandboxRestart.Restart, [uid, address.ToString(), Math.Ceiling(grace.TotalSeconds).ToString(CultureInfo.InvariantCulture)]);
    }

    /// <summary>Removes the rules by which hostPorts of networks lead to Pods that are gone, and makes conntrack forget such connections. Prints a line
    /// for each chain: <c>released: ADDRESSES by BACKEND CHAIN</c>, or <c>alive: ADDRESS by BACKEND CHAIN</c> for one that stays. May be repeated.</summary>
    /// <param name="networks">The networks' names, as in their CNI configurations; hostPorts of others are not touched.</param>
    /// <param name="inUse">The addresses of Pods that are there. One that has a route of its own on the Node, as each Pod that Calico has wired, is there too.</param>
    /// <exception cref="ArgumentException">A name is none that a CNI network can have.</exception>
    public static NodeCommand ReleaseHostPorts(IEnumerable<string> networks, IEnumerable<IPAddress> inUse) =>
        new("release-host-ports", HostPortCleanup.Release, [.. networks.Select(OfNetwork), .. inUse.Select(a => $"keep={a}").Distinct()]);

    /// <summary>Lists what Calico left on the Node, one <c>WHAT: DETAIL</c> a line; nothing when it is clean. Exit code 3 when the Node
    /// lacks the tools to tell.</summary>
    /// <param name="calicoCidrs">Calico's pools and blocks: routes are looked for inside them.</param>
    /// <param name="network">The name of its network, whose hostPorts and host-local addresses are looked for.</param>
    /// <exception cref="ArgumentException">The name is none that a CNI network can have.</exception>
    public static NodeCommand AuditCalico(IEnumerable<Cidr> calicoCidrs, string network = CalicoNetwork) =>
        new("audit-calico", CalicoCleanup.Audit, [OfNetwork(network), .. calicoCidrs.Select(c => c.ToString())]);

    /// <summary>Removes what Calico left on the Node: files, hostPorts, netfilter rules, ipsets, routes, rules to WireGuard and links; then prints what is left, as
    /// <see cref="AuditCalico"/> does. May be repeated.</summary>
    /// <param name="calicoCidrs">Calico's pools and blocks: routes are removed inside them only.</param>
    /// <param name="network">The name of its network, whose hostPorts and host-local addresses are removed.</param>
    /// <exception cref="ArgumentException">The name is none that a CNI network can have.</exception>
    public static NodeCommand CleanCalico(IEnumerable<Cidr> calicoCidrs, string network = CalicoNetwork) =>
        new("clean-calico", CalicoCleanup.Clean, [OfNetwork(network), .. calicoCidrs.Select(c => c.ToString())]);

    /// <summary>Removes the routes that Calico left on the Node, blackholes included, and nothing else of it: Pods that it has wired keep their own. Prints the routes that are
    /// left, as <see cref="AuditCalico"/> does. May be repeated.</summary>
    /// <param name="calicoCidrs">Calico's pools and blocks: routes are removed inside them only.</param>
    public static NodeCommand ClearCalicoRoutes(IEnumerable<Cidr> calicoCidrs) =>
        new("clear-calico-routes", CalicoCleanup.ClearRoutes, [.. calicoCidrs.Select(c => c.ToString())]);

    /// <summary>Sends what comes from Calico addresses and goes to PodCIDRs by routes of its own. May be repeated, also while in use.</summary>
    /// <param name="podCidrs">The Node's own PodCIDRs: what comes from there goes by the main table as before, though a Calico pool may cover it.</param>
    /// <param name="calicoCidrs">Where Calico addresses come from.</param>
    /// <param name="routes">As <c>ip route</c> takes them, for example <c>10.10.2.0/24 via 172.18.0.3 dev tunl0 onlink</c>.</param>
    public static NodeCommand LeadCalico(IEnumerable<Cidr> podCidrs, IEnumerable<Cidr> calicoCidrs, IEnumerable<string> routes) =>
        new(
            "lead-calico",
            CalicoLead.Start,
            [.. podCidrs.Select(c => $"own={c}"), .. calicoCidrs.Select(c => $"from={c}"), .. routes.Select(r => $"route={r}")]);

    /// <summary>Undoes <see cref="LeadCalico"/>. May be repeated.</summary>
    public static NodeCommand StopLeadingCalico() => new("stop-leading-calico", CalicoLead.Stop, []);

    /// <summary>Makes the Node send to its own Calico Pods from its own IPv6 address, as it does in IPv4, and not from antrea-gw0's. May be repeated,
    /// also while in use.</summary>
    /// <param name="addresses">The Node's own addresses.</param>
    /// <param name="podCidrs">The Node's own PodCIDRs: antrea-gw0 has the first host address of each.</param>
    /// <param name="calicoCidrs">Where Calico addresses come from. What is IPv4 is left out, here and above.</param>
    public static NodeCommand LabelAddresses(IEnumerable<IPAddress> addresses, IEnumerable<Cidr> podCidrs, IEnumerable<Cidr> calicoCidrs) =>
        new(
            "label-addresses",
            AddressLabels.Put,
            [
                .. podCidrs.Where(c => c is { IsIPv6: true, PrefixLength: < 128 }).Select(c => $"gateway={Cidr.Host(c.AddressAt(1))}"),
                .. addresses.Where(a => a.AddressFamily == AddressFamily.InterNetworkV6).Select(a => $"own={Cidr.Host(a)}"),
                .. calicoCidrs.Where(c => c.IsIPv6).Select(c => $"calico={c}"),
            ]);

    /// <summary>Undoes <see cref="LabelAddresses"/>. May be repeated.</summary>
    public static NodeCommand RemoveAddressLabels() => new("remove-address-labels", AddressLabels.Remove, []);

    /// <summary>Deletes Antrea's bridge, and its gateway with it, while Open vSwitch runs; success where it does not. May be repeated.</summary>
    public static NodeCommand DetachAntrea() => new("detach-antrea", AntreaCleanup.Detach, []);

    /// <summary>Lists what Antrea left on the Node, one <c>WHAT: DETAIL</c> a line; nothing when it is clean. Exit code 3 when the Node
    /// lacks the tools to tell.</summary>
    /// <param name="podCidrs">The other Nodes' PodCIDRs, where Antrea routed to them without a tunnel: such routes outlive it.</param>
    public static NodeCommand AuditAntrea(IEnumerable<Cidr> podCidrs) => new("audit-antrea", AntreaCleanup.Audit, [.. podCidrs.Select(c => c.ToString())]);

    /// <summary>Removes what Antrea left on the Node: files, hostPorts, netfilter rules, ipsets, links and routes, in that order; then prints what is left, as
    /// <see cref="AuditAntrea"/> does. Logs stay. May be repeated.</summary>
    /// <param name="podCidrs">As for <see cref="AuditAntrea"/>.</param>
    public static NodeCommand CleanAntrea(IEnumerable<Cidr> podCidrs) => new("clean-antrea", AntreaCleanup.Clean, [.. podCidrs.Select(c => c.ToString())]);

    /// <summary>Removes the Multus binary, its kubeconfig and its memory of Pods' delegates.</summary>
    public static NodeCommand RemoveMultus() =>
        new("remove-multus", """rm -rf "$1" "$2" && rm -f /opt/cni/bin/multus""", [MultusCacheDirectory, $"{CniConfigDirectory}/multus.d"]);

    /// <summary>Whether it is a name that the CNI specification allows: letters, digits, <c>.</c>, <c>-</c> and <c>_</c>, and the first a letter or a digit.</summary>
    /// <param name="name">The name.</param>
    public static bool IsNetworkName(string? name) =>
        !string.IsNullOrEmpty(name) && char.IsAsciiLetterOrDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    private static string OfNetwork(string network) =>
        IsNetworkName(network) ? $"network={network}" : throw new ArgumentException($"'{network}' is not the name of a CNI network.", nameof(network));

    private static IEnumerable<string> InArguments(string content) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(content)).Chunk(ArgumentLength).Select(c => new string(c));
}
