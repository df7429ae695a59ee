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
            + Piped(NodeCommands.AuditAntrea()) + "echo ---\n"
            + Piped(NodeCommands.DetachAntrea()) + Piped(NodeCommands.CleanAntrea()) + Piped(NodeCommands.AuditAntrea()) + "echo ---\n"
            + "iptables-nft-save; ip link; find /etc /opt /var/run -type f\n";

        var result = await Cli.Wrap("unshare").WithArguments(["--net", "--mount", "sh", "-c", script])
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancellationToken);

        var parts = result.StandardOutput.Split("---\n");
        Assert.That(parts, Has.Length.EqualTo(3), result.StandardError);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(parts[0], Does.Contain("file: /etc/cni/net.d/10-antrea.conflist").And.Contain("file: /var/run/antrea").And.Contain("link: antrea-gw0"));
            Assert.That(parts[0].Split('\n').Count(l => l.StartsWith("netfilter: ", StringComparison.Ordinal)), Is.EqualTo(2), parts[0]);
            Assert.That(parts[1], Is.Empty, "the clean-up succeeds and the audit behind it finds nothing");
            Assert.That(parts[2], Does.Not.Contain("ANTREA-").And.Not.Contain("antrea-gw0"));
            Assert.That(parts[2], Does.Contain("the user mentions ANTREA").And.Contain("-j cali-FORWARD"));
            Assert.That(parts[2], Does.Contain("/etc/cni/net.d/10-calico.conflist").And.Contain("/opt/cni/bin/portmap"));
        }
    }

    private static string Piped(NodeCommand command) => $"sh /proc/self/fd/3 3<<'EOF' || echo \"exit $?\"\n{command.Script}\nEOF\n";
}
