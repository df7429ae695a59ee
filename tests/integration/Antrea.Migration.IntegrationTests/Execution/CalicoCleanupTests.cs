using Antrea.Migration.Execution;
using CliWrap;
using CliWrap.Buffered;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>The clean-up's shell text against the kernel itself, in network and mount namespaces of the test's.</summary>
[Category("Kernel")]
public sealed class CalicoCleanupTests
{
    private const string Mess =
        """
        set -e
        for d in /etc /opt /var/lib /var/run; do mount -t tmpfs tmpfs "$d"; done
        mkdir -p /etc/cni/net.d /opt/cni/bin /var/lib/calico /var/run/calico
        touch /etc/cni/net.d/10-calico.conflist /etc/cni/net.d/calico-kubeconfig /etc/cni/net.d/10-antrea.conflist
        touch /opt/cni/bin/calico /opt/cni/bin/calico-ipam /opt/cni/bin/portmap /var/lib/calico/nodename
        ip link set lo up
        link() { ip link add "$1" type veth peer name "$2"; ip link set "$1" up; ip link set "$2" up; }
        ip link add eth0 type veth peer name eth1; ip link set eth1 up
        ip addr add 172.18.0.2/16 dev eth0; ip link set eth0 up
        ip route add blackhole 10.10.5.0/26 proto 12
        ip route add 10.10.6.0/26 via 172.18.0.3 dev eth0 proto 12 onlink
        ip route add 10.10.7.0/26 via 172.18.0.3 dev eth0 proto 80 onlink
        ip route add 10.10.9.0/24 via 172.18.0.4 dev eth0
        ip route add 192.0.2.0/24 via 172.18.0.4 dev eth0 proto 12
        iptables-nft -N cali-FORWARD
        iptables-nft -I FORWARD -m comment --comment "cali:abc" -j cali-FORWARD
        iptables-nft -A cali-FORWARD -m comment --comment "cali:x y" -j ACCEPT
        iptables-nft -A FORWARD -m comment --comment "cali:S93" -m mark --mark 0x10000/0x10000 -j ACCEPT
        iptables-nft -A FORWARD -m comment --comment "the user mentions cali-thing" -j ACCEPT
        iptables-nft -t nat -N cali-POSTROUTING
        iptables-nft -t nat -I POSTROUTING -m comment --comment "cali:zz" -j cali-POSTROUTING
        iptables-nft -t nat -N KUBE-SERVICES
        iptables-nft -t nat -A OUTPUT -j KUBE-SERVICES

        """;

    [Test]
    [CancelAfter(180_000)]
    public async Task Clearing_routes_leaves_Pods_their_own_and_their_rules(CancellationToken cancellationToken)
    {
        Requires.Kernel();
        var script = Mess
            + "ip route add 10.10.5.7/32 dev eth0 scope link\n"
            + "sh /proc/self/fd/3 10.10.0.0/16 3<<'EOF' || echo \"exit $?\"\n" + NodeCommands.ClearCalicoRoutes([]).Script + "\nEOF\n"
            + "ip route; iptables-nft-save; find /etc /opt -type f\n";

        var result = await Cli.Wrap("unshare").WithArguments(["--net", "--mount", "sh", "-c", script])
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.StandardOutput, Does.Not.Contain("10.10.5.0/26").And.Not.Contain("10.10.6.0").And.Not.Contain("10.10.7.0").And.Not.Contain("exit"), result.StandardError);
            Assert.That(result.StandardOutput, Does.Contain("10.10.5.7 dev eth0").And.Contain("10.10.9.0/24 via 172.18.0.4").And.Contain("192.0.2.0/24 via 172.18.0.4"));
            Assert.That(result.StandardOutput, Does.Contain(":cali-FORWARD").And.Contain("10-calico.conflist"));
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Cleaning_removes_what_is_Calicos_and_nothing_else(CancellationToken cancellationToken)
    {
        Requires.Kernel();
        var script = Mess
            + "sh /proc/self/fd/3 10.10.0.0/16 3<<'EOF'\n" + NodeCommands.AuditCalico([]).Script + "\nEOF\necho ---\n"
            + "sh /proc/self/fd/3 10.10.0.0/16 3<<'EOF' || echo \"exit $?\"\n" + NodeCommands.CleanCalico([]).Script + "\nEOF\n"
            + "sh /proc/self/fd/3 10.10.0.0/16 3<<'EOF'\n" + NodeCommands.AuditCalico([]).Script + "\nEOF\necho ---\n"
            + "iptables-nft-save; ip route; find /etc /opt /var/lib -type f\n";

        var result = await Cli.Wrap("unshare").WithArguments(["--net", "--mount", "sh", "-c", script])
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancellationToken);

        var parts = result.StandardOutput.Split("---\n");
        Assert.That(parts, Has.Length.EqualTo(3), result.StandardError);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(parts[0], Does.Contain("netfilter: ").And.Contain("file: /opt/cni/bin/calico").And.Contain("route: blackhole 10.10.5.0/26").And.Contain("route: 10.10.7.0/26"));
            Assert.That(parts[1], Is.Empty, "the clean-up succeeds and the audit behind it finds nothing");
            Assert.That(parts[2], Does.Not.Contain("cali:").And.Not.Contain(":cali-").And.Not.Contain("10.10.6.0"));
            Assert.That(parts[2], Does.Contain("the user mentions cali-thing"));
            Assert.That(parts[2], Does.Contain("-A OUTPUT -j KUBE-SERVICES"));
            Assert.That(parts[2], Does.Contain("10.10.9.0/24 via 172.18.0.4"));
            Assert.That(parts[2], Does.Contain("192.0.2.0/24 via 172.18.0.4"), "a BIRD of the host's own keeps its routes");
            Assert.That(parts[2], Does.Contain("/etc/cni/net.d/10-antrea.conflist").And.Contain("/opt/cni/bin/portmap"));
            Assert.That(parts[2], Does.Not.Contain("calico"));
        }
    }

    /// <summary>What else Calico makes, by its dataplanes and encapsulations, and what others have that looks like it.</summary>
    private const string More =
        """
        ipset create cali40all-ipam-pools hash:net; ipset create cali60this-host hash:ip family inet6; ipset create KUBE-CLUSTER-IP hash:ip
        iptables-nft -t nat -A cali-POSTROUTING -m set --match-set cali40all-ipam-pools src -j MASQUERADE
        ip link add vxlan.calico type veth peer name peer1; link wireguard.cali peer2
        ip link show tunl0 >/dev/null 2>&1 || ip link add tunl0 type veth peer name peer3
        ip address add 10.10.5.1/32 dev tunl0; ip link set tunl0 up
        ip route add 10.10.6.0/26 dev wireguard.cali table 1; ip route add throw 10.10.5.0/26 table 1
        ip rule add not fwmark 0x100000/0x100000 lookup 1 priority 99
        link wg0 peer4; ip route add default dev wg0 table 51820
        ip rule add not fwmark 0xca6c lookup 51820 priority 98
        ip rule add not fwmark 0x200000/0x200000 lookup 51820 priority 99
        mkdir -p /var/lib/cni/networks/k8s-pod-network /var/lib/cni/networks/antrea /var/lib/cni/networks/other
        touch /var/lib/cni/networks/k8s-pod-network/10.10.5.9 /var/lib/cni/networks/antrea/10.10.5.9 /var/lib/cni/networks/other/10.10.5.9

        """;

    private const string Nft =
        """
        nft add table ip calico; nft add chain ip calico filter-FORWARD '{ type filter hook forward priority 0; }'; nft add rule ip calico filter-FORWARD ip saddr 10.10.5.0/26 accept
        nft add table ip6 calico; nft add table inet calico; nft add table ip kube-proxy

        """;

    /// <summary>As portmap makes them: a chain a sandbox, and rules that lead there in the order in which they were made.</summary>
    private const string HostPorts =
        """
        portmap() { # PROGRAM NETWORK ID CHAIN TARGET [PROTOCOL]
          "$1" -t nat -N CNI-HOSTPORT-DNAT 2>/dev/null || :
          "$1" -t nat -C PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT 2>/dev/null || "$1" -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
          "$1" -t nat -N "$4" 2>/dev/null || :
          "$1" -t nat -A "$4" -p "${6:-tcp}" --dport 8080 -j DNAT --to-destination "$5"
          "$1" -t nat -A CNI-HOSTPORT-DNAT -m comment --comment "dnat name: \"$2\" id: \"$3\"" -m multiport -p "${6:-tcp}" --destination-ports 8080 -j "$4"; }
        legacy() { command -v iptables-legacy >/dev/null 2>&1 && iptables-legacy -t nat -S >/dev/null 2>&1; }
        portmap iptables-nft k8s-pod-network aaa CNI-DN-dead 10.10.5.7:80
        portmap iptables-nft k8s-pod-network aaa CNI-DN-dead 10.10.5.7:80 udp
        portmap iptables-nft k8s-pod-network bbb CNI-DN-known 10.10.5.8:80
        portmap iptables-nft k8s-pod-network ccc CNI-DN-wired 10.10.5.9:80
        portmap iptables-nft antrea ddd CNI-DN-antrea 10.10.1.7:80
        portmap iptables-nft k8s-pod-network-2 eee CNI-DN-other 10.10.5.7:80
        ! legacy || portmap iptables-legacy k8s-pod-network fff CNI-DN-old 10.10.5.7:80
        portmap ip6tables-nft k8s-pod-network aaa CNI-DN-dead '[fd00::7]:80'
        portmap ip6tables-nft k8s-pod-network bbb CNI-DN-known '[fd00::8]:80'
        link cali123 peer5; ip route add 10.10.5.9/32 dev cali123 scope link
        ip route add 10.10.5.7/32 via 172.18.0.3 dev eth0 proto 12 onlink

        """;

    [Test]
    [CancelAfter(180_000)]
    public async Task Cleaning_removes_every_dataplanes_and_encapsulations_rest_and_twice_is_as_once(CancellationToken cancellationToken)
    {
        Requires.Kernel();
        Requires.Tool("kernel", "ipset");
        var hasNft = Requires.HasProgram("nft");

        // Devices get their link-local addresses when the kernel comes to it.
        const string Dump = "iptables-nft-save | grep -v '^#'; ip route show table all | grep -v -e fe80:: -e ff00::; ip rule; ip -o link; ipset list -n; find /etc /opt /var/lib | sort; ! command -v nft >/dev/null || nft list tables; echo ---\n";

        var parts = await RunAsync(
            Mess + More + HostPorts + (hasNft ? Nft : "") + On(NodeCommands.AuditCalico([])) + "echo ---\n"
            + On(NodeCommands.CleanCalico([])) + On(NodeCommands.AuditCalico([])) + "echo ---\n" + Dump + On(NodeCommands.CleanCalico([])) + Dump,
            cancellationToken);

        Assert.That(parts, Has.Length.EqualTo(5));
        using (Assert.EnterMultipleScope())
        {
            foreach (var found in (string[])
                ["ipset: cali40all-ipam-pools", "ipset: cali60this-host", "link: vxlan.calico", "link: wireguard.cali", "10.10.5.1/32", "rule: -4 99 not fwmark 0x100000 lookup 1\n", "file: /var/lib/cni/networks/k8s-pod-network\n", "hostport: iptables-nft CNI-DN-dead to 10.10.5.7\n", "hostport: ip6tables-nft CNI-DN-known to fd00::8\n"])
            {
                Assert.That(parts[0], Does.Contain(found));
            }

            Assert.That(parts[0], Does.Not.Contain("0xca6c").And.Not.Contain("0x200000").And.Not.Contain("KUBE").And.Not.Contain("CNI-DN-other").And.Not.Contain("CNI-DN-antrea"));
            Assert.That(parts[1], Is.Empty, "the clean-up succeeds and the audit behind it finds nothing");
            Assert.That(parts[2], Does.Not.Contain("cali40").And.Not.Contain("cali60").And.Not.Contain("vxlan.calico").And.Not.Contain("wireguard.cali").And.Not.Contain("10.10.5.1").And.Not.Contain("0x100000/0x100000").And.Not.Contain("throw").And.Not.Contain("k8s-pod-network/").And.Not.Contain("\"k8s-pod-network\\"));
            Assert.That(parts[2], Does.Contain("KUBE-CLUSTER-IP").And.Contain("0xca6c").And.Contain("0x200000").And.Contain("default dev wg0 table 51820").And.Contain("networks/antrea/10.10.5.9").And.Contain("networks/other/10.10.5.9"));
            Assert.That(parts[2], Does.Contain("CNI-DN-other").And.Contain("CNI-DN-antrea"));
            if (hasNft)
            {
                Assert.That(parts[0], Does.Contain("netfilter: table ip calico\n").And.Contain("netfilter: table ip6 calico\n"));
                Assert.That(parts[2], Does.Not.Contain("table ip calico").And.Not.Contain("table ip6 calico").And.Contain("table inet calico").And.Contain("table ip kube-proxy"));
            }

            Assert.That(parts[3], Is.EqualTo(parts[2]), "twice is as once");
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task HostPorts_of_Pods_that_are_gone_are_released_and_no_others(CancellationToken cancellationToken)
    {
        Requires.Kernel();
        var release = NodeCommands.ReleaseHostPorts(["k8s-pod-network"], [System.Net.IPAddress.Parse("10.10.5.8"), System.Net.IPAddress.Parse("fd00::8")]);
        const string Dump = "iptables-nft-save -t nat | grep CNI-; ip6tables-nft-save -t nat | grep CNI- | sed 's/^/6 /'; ! legacy || iptables-legacy-save -t nat | grep CNI- | sed 's/^/legacy /'; echo ---\n";

        var parts = await RunAsync(Mess + HostPorts + Dump + On(release) + "echo ---\n" + Dump + On(release) + "echo ---\n" + Dump, cancellationToken);

        Assert.That(parts, Has.Length.EqualTo(6));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(parts[1], Does.Contain("released: 10.10.5.7 by iptables-nft CNI-DN-dead\n").And.Contain("released: fd00::7 by ip6tables-nft CNI-DN-dead\n"));
            Assert.That(parts[1], Does.Contain("alive: 10.10.5.8 by iptables-nft CNI-DN-known\n").And.Contain("alive: 10.10.5.9 by iptables-nft CNI-DN-wired\n").And.Contain("alive: fd00::8 by ip6tables-nft CNI-DN-known\n"));
            Assert.That(parts[1], Does.Not.Contain("exit").And.Not.Contain("CNI-DN-other").And.Not.Contain("CNI-DN-antrea"));
            Assert.That(parts[2], Is.EqualTo(Without(parts[0], "CNI-DN-dead", "CNI-DN-old")), "not a line more or less");
            Assert.That(parts[0], Does.Contain(" -j CNI-DN-dead").And.Contain("6 :CNI-DN-dead"));
            Assert.That(parts[3], Does.Not.Contain("released").And.Not.Contain("exit"));
            Assert.That(parts[4], Is.EqualTo(parts[2]), "twice is as once");
        }

        static string Without(string dump, params string[] chains) => string.Concat(dump.Split('\n').Where(l => !chains.Any(l.Contains)).Select(l => l + "\n"))[..^1];
    }

    private static string On(NodeCommand command) =>
        $"sh /proc/self/fd/3 {string.Join(' ', command.Arguments)}{(command.Verb == "release-host-ports" ? "" : " 10.10.0.0/16")} 3<<'EOF' || echo \"exit $?\"\n{command.Script}\nEOF\n";

    private static async Task<string[]> RunAsync(string script, CancellationToken cancellationToken)
    {
        var result = await Cli.Wrap("unshare").WithArguments(["--net", "--mount", "sh", "-c", script]).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancellationToken);
        TestContext.Out.WriteLine(result.StandardError);
        return result.StandardOutput.Split("---\n");
    }
}
