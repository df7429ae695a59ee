using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Execution;
using CliWrap;
using CliWrap.Buffered;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>The address labels' shell text against the kernel itself, in a network namespace of the test's.</summary>
[Category("Kernel")]
public sealed class AddressLabelTests
{
    /// <summary>A Calico Pod's address is nearer to antrea-gw0's than to the Node's; the pool covers both PodCIDR and block.</summary>
    private const string Node =
        """
        set -e
        ip link set lo up
        for d in eth0 gw0 cali0; do ip link add $d type veth peer name x$d; ip link set $d up; ip link set x$d up; done
        ip addr add fd00:172:18::2/64 dev eth0 nodad; ip addr add fd00:10:10:1::1/64 dev gw0 nodad
        ip -6 route add fd00:10:10:f::5 dev cali0
        ip addrlabel add prefix fd00:99::/64 label 77
        run() { s=$1; shift; sh -c "$s" x "$@"; }

        """;

    private const string Look = "ip -6 route get fd00:10:10:f::5; ip -6 route get fd00:10:10:1::7; ip addrlabel list | grep -e fd00; echo ---\n";

    [Test]
    [CancelAfter(180_000)]
    public async Task Node_asks_its_Calico_Pods_from_its_own_address_while_the_labels_are_there(CancellationToken cancellationToken)
    {
        Requires.Kernel();
        var put = NodeCommands.LabelAddresses(
            [IPAddress.Parse("172.18.0.2"), IPAddress.Parse("fd00:172:18::2")], [Cidr.Parse("10.10.1.0/24"), Cidr.Parse("fd00:10:10:1::/64")],
            [Cidr.Parse("10.10.0.0/16"), Cidr.Parse("fd00:10:10::/48")]);
        var remove = NodeCommands.RemoveAddressLabels();
        var script = Node + Look + Run(put) + Look + Run(put) + Look + Run(remove) + Look + Run(remove) + Look
            + "ip addrlabel add prefix fd00:172:18::2/128 label 5\n" + Run(put) + Look + Run(remove) + Look;

        var result = await Cli.Wrap("unshare").WithArguments(["--net", "sh", "-c", script])
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancellationToken);

        var parts = result.StandardOutput.Split("---\n");
        Assert.That(parts, Has.Length.EqualTo(8), result.StandardError + result.StandardOutput);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(parts[0], Does.Contain("dev cali0 src fd00:10:10:1::1"));
            Assert.That(parts[1], Does.Contain("dev cali0 src fd00:172:18::2").And.Contain("dev gw0 proto kernel src fd00:10:10:1::1"));
            Assert.That(parts[1], Does.Contain("fd00:10:10::/48 label 20260").And.Contain("fd00:10:10:1::1/128 label 20261"));
            Assert.That(parts[2], Is.EqualTo(parts[1]), "repeated, it changes nothing");
            Assert.That(parts[3], Is.EqualTo(parts[0]).And.Contain("fd00:99::/64 label 77"), "only its own are taken away");
            Assert.That(parts[4], Is.EqualTo(parts[0]));
            Assert.That(parts[5], Does.Contain("dev cali0 src fd00:172:18::2").And.Contain("fd00:172:18::2/128 label 5"), "though the address has somebody else's label");
            Assert.That(parts[6], Is.Not.EqualTo(parts[0]).And.Contain("fd00:172:18::2/128 label 5").And.Not.Contain("2026"));
        }
    }

    private static string Run(NodeCommand command) =>
        $"run '{command.Script.Replace("'", "'\\''", StringComparison.Ordinal)}' {string.Join(' ', command.Arguments.Select(a => $"'{a}'"))}\n";
}
