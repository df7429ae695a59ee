using Antrea.Migration.Addressing;
using Antrea.Migration.Execution;
using CliWrap;
using CliWrap.Buffered;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>The rollback's clean-up against the kernel itself, in network and mount namespaces of the test's. Open vSwitch is not part of it:
/// a dummy link plays what is left of a gateway.</summary>
[Category("Kernel")]
public sealed class AntreaCleanupTests
{
    private const string Mess =
        """
        set -e
        for d in /etc /opt /var/run; do mount -t tmpfs tmpfs "$d"; done
        mkdir -p /etc/cni/net.d /opt/cni/bin /var/run/antrea/cni/networks/antrea
        touch /etc/cni/net.d/10-calico.conflist /etc/cni/net.d/10-antrea.conflist /opt/cni/bin/antrea /opt/cni/bin/portmap
        touch /var/run/antrea/cni/networks/antrea/10.10.1.2
        ip link set lo up
        ip link add antrea-gw0 type veth peer name other; ip addr add 10.10.1.1/24 dev antrea-gw0; ip link set antrea-gw0 up
        ip link add eth0 type veth peer name wire; ip addr add 172.18.0.3/16 dev eth0; ip addr add fd00:172:18::3/64 dev eth0 nodad; ip link set eth0 up; ip link set wire up
        ip route add 10.10.2.0/24 via 172.18.0.4; ip -6 route add fd00:10:10:2::/64 via fd00:172:18::4
        ip route add 10.10.3.0/24 via 172.18.0.5 proto 12
        ip route append 10.10.2.0/24 via 172.18.0.4 proto 12; ip route add 10.10.2.0/24 via 172.18.0.6 metric 50
        ip route add 10.10.5.0/24 nexthop via 172.18.0.5 nexthop via 172.18.0.6
        ip route add 10.10.2.64/26 via 172.18.0.5; ip route add 10.10.4.0/24 dev eth0
        iptables-nft -N ANTREA-FORWARD
        iptables-nft -A FORWARD -m comment --comment "Antrea: jump to Antrea forwarding rules" -j ANTREA-FORWARD
        iptables-nft -A ANTREA-FORWARD -i antrea-gw0 -j ACCEPT
        iptables-nft -t nat -N ANTREA-POSTROUTING
        iptables-nft -t nat -A POSTROUTING -j ANTREA-POSTROUTING
        iptables-nft -N cali-FORWARD
        iptables-nft -I FORWARD -m comment --comment "cali:abc" -j cali-FORWARD
        iptables-nft -A FORWARD -m comment --comment "the user mentions ANTREA" -j ACCEPT

        """;

    [Test]
    [CancelAfter(180_000)]
    public async Task Cleaning_removes_what_is_Antreas_and_nothing_else(CancellationToken cancellationToken)
    {
        Requires.Kernel();
        var script = Mess
            + Piped(NodeCommands.AuditAntrea(Peers)) + "echo ---\n"
            + Piped(NodeCommands.DetachAntrea()) + Piped(NodeCommands.CleanAntrea(Peers)) + Piped(NodeCommands.AuditAntrea(Peers)) + "echo ---\n"
            + "iptables-nft-save; ip link; ip route; ip -6 route; find /etc /opt /var/run -type f\n";

        var result = await Cli.Wrap("unshare").WithArguments(["--net", "--mount", "sh", "-c", script])
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancellationToken);

        var parts = result.StandardOutput.Split("---\n");
        Assert.That(parts, Has.Length.EqualTo(3), result.StandardError);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(parts[0], Does.Contain("file: /etc/cni/net.d/10-antrea.conflist").And.Contain("file: /var/run/antrea").And.Contain("link: antrea-gw0"));
            Assert.That(parts[0].Split('\n').Count(l => l.StartsWith("netfilter: ", StringComparison.Ordinal)), Is.EqualTo(2), parts[0]);
            Assert.That(
                parts[0].Split('\n').Where(l => l.StartsWith("route: ", StringComparison.Ordinal)),
                Is.EqualTo((string[])["route: 10.10.2.0/24 via 172.18.0.4 dev eth0", "route: fd00:10:10:2::/64 via fd00:172:18::4 dev eth0 metric 1024 pref medium"]),
                parts[0]);
            Assert.That(parts[1], Is.Empty, "the clean-up succeeds and the audit behind it finds nothing");
            Assert.That(parts[2], Does.Not.Contain("ANTREA-").And.Not.Contain("antrea-gw0"));
            Assert.That(parts[2], Does.Contain("the user mentions ANTREA").And.Contain("-j cali-FORWARD"));
            Assert.That(parts[2], Does.Not.Contain("10.10.2.0/24 via 172.18.0.4 dev eth0 \n").And.Not.Contain("fd00:10:10:2::/64"));
            Assert.That(parts[2], Does.Match(@"10\.10\.2\.0/24 via 172\.18\.0\.4 dev eth0 proto \w+").And.Contain("10.10.3.0/24 via"), "BIRD's, to the same and to another PodCIDR");
            Assert.That(parts[2], Does.Contain("10.10.2.0/24 via 172.18.0.6 dev eth0 metric 50").And.Contain("10.10.5.0/24").And.Contain("nexthop via 172.18.0.6"));
            Assert.That(parts[2], Does.Contain("10.10.2.64/26 via").And.Contain("10.10.4.0/24 dev"), "another range, no next hop");
            Assert.That(parts[2], Does.Contain("/etc/cni/net.d/10-calico.conflist").And.Contain("/opt/cni/bin/portmap"));
        }
    }

    private static readonly Cidr[] Peers = [.. ((string[])["10.10.2.0/24", "fd00:10:10:2::/64", "10.10.3.0/24", "10.10.4.0/24", "10.10.5.0/24"]).Select(Cidr.Parse)];

    private static string Piped(NodeCommand command) =>
        $"sh /proc/self/fd/3 {string.Join(' ', command.Arguments)} 3<<'EOF' || echo \"exit $?\"\n{command.Script}\nEOF\n";
}
