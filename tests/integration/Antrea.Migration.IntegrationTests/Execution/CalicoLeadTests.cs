using Antrea.Migration.Addressing;
using Antrea.Migration.Execution;
using CliWrap;
using CliWrap.Buffered;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>The policy route's shell text against the kernel itself, in a network namespace of the test's.</summary>
[Category("Kernel")]
public sealed class CalicoLeadTests
{
    private const string Node =
        """
        set -e
        ip link set lo up
        ip link add eth0 type veth peer name eth1; ip link set eth1 up
        ip addr add 172.18.0.2/16 dev eth0; ip link set eth0 up
        ip rule add from 192.0.2.0/24 lookup 77 priority 30000
        ip route add 10.10.1.0/24 via 172.18.0.9 dev eth0

        """;

    [Test]
    [CancelAfter(180_000)]
    public async Task Rules_and_routes_are_put_once_however_often_and_taken_away_whole(CancellationToken cancellationToken)
    {
        Requires.Kernel();
        var start = NodeCommands.LeadCalico(
            [Cidr.Parse("10.10.0.0/24")], [Cidr.Parse("10.10.0.0/16")], ["10.10.1.0/24 via 172.18.0.3 dev eth0 onlink", "10.10.2.0/24 via 172.18.0.4 dev eth0 onlink"]);
        var look = "ip rule; ip route show table 20260; "
            + "for f in 10.10.77.1 10.10.0.5; do ip route get 10.10.1.7 from $f iif eth0; done; echo ---\n";
        var script = Node + "sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth0.rp_filter=0 net.ipv4.ip_forward=1\n"
            + "run() { s=$1; shift; sh -c \"$s\" x \"$@\"; }\n"
            + Run(start) + look + Run(start) + look + Run(NodeCommands.StopLeadingCalico()) + Run(NodeCommands.StopLeadingCalico()) + "ip rule; ip route show table 20260 2>/dev/null || true\n";

        var result = await Cli.Wrap("unshare").WithArguments(["--net", "sh", "-c", script])
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancellationToken);

        var parts = result.StandardOutput.Split("---\n");
        Assert.That(parts, Has.Length.EqualTo(3), result.StandardError + result.StandardOutput);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(parts[0], Does.Contain("31000:\tfrom 10.10.0.0/24 lookup main").And.Contain("31001:\tfrom 10.10.0.0/16 lookup 20260"));
            Assert.That(parts[0], Does.Contain("10.10.1.7 from 10.10.77.1 via 172.18.0.3"), "a Calico source goes where the Node's Calico Pods are");
            Assert.That(parts[0], Does.Contain("10.10.1.7 from 10.10.0.5 via 172.18.0.9"), "an Antrea source goes by the main table");
            Assert.That(parts[1], Is.EqualTo(parts[0]), "repeated, it changes nothing");
            Assert.That(parts[2], Does.Not.Contain("3100").And.Not.Contain("via").And.Contain("30000:\tfrom 192.0.2.0/24 lookup 77"), "only its own is taken away");
        }
    }

    private static string Run(NodeCommand command) =>
        $"run '{command.Script.Replace("'", "'\\''", StringComparison.Ordinal)}' {string.Join(' ', command.Arguments.Select(a => $"'{a}'"))}\n";
}
