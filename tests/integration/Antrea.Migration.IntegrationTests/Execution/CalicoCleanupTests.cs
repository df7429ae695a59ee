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
}
