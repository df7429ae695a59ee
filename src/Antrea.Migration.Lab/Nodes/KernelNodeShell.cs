using System.Globalization;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Fabric.Kernel;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>Node commands about the network, as their shell text carries them out: with the real <c>ip</c>, <c>iptables</c> and <c>ipset</c> in the
/// Node's network namespace.</summary>
/// <remarks>The model does the same by <see cref="NodeVerbs"/>, and the kernel is then taken to have what the model says, without a command of the
/// fabric's: what a shell text forgets is left behind, for audits and tests to find. Files are the model's; the text sees empty ones of their names, on file
/// systems of its own.</remarks>
internal sealed class KernelNodeShell(KernelFabric kernel)
{
    private static readonly HashSet<string> Verbs = new(StringComparer.Ordinal)
    {
        "read-routes", "audit-calico", "clean-calico", "clear-calico-routes", "lead-calico", "stop-leading-calico", "label-addresses",
        "remove-address-labels", "release-host-ports",
    };

    /// <summary>Where a Node's files are, and the names of protocols, which iproute2 has in a file.</summary>
    private const string Root =
        """
        for d in /etc /opt /var/lib /var/run; do mount -t tmpfs tmpfs "$d" || exit 1; done
        mkdir -p /etc/iproute2 && echo '12 bird' >/etc/iproute2/rt_protos
        n=$1; shift
        while [ "$n" -gt 0 ]; do mkdir -p "${1%/*}" && : >"$1"; shift; n=$((n - 1)); done
        exec "$@"
        """;

    /// <summary>Whether the kernel has a part in a command.</summary>
    /// <param name="argv">As <see cref="NodeVerbs.Run"/> takes it.</param>
    public static bool Knows(IReadOnlyList<string> argv) =>
        Plain(argv) is ["sh" or "/bin/sh", "-c", _, var name, ..] && name.StartsWith(NodeCommand.NamePrefix, StringComparison.Ordinal)
        && Verbs.Contains(name[NodeCommand.NamePrefix.Length..]);

    public Task<NodeCommandResult> RunAsync(LabNode node, IReadOnlyList<string> argv, CancellationToken cancellationToken)
    {
        string[] files = [.. node.Files.All().Select(file => file.Key)];
        string[] command = ["sh", "-c", Root, "sh", files.Length.ToString(CultureInfo.InvariantCulture), .. files, .. Plain(argv)];
        return kernel.ActAsync(
            node.Host,
            () => NodeVerbs.Run(node, argv),
            async (space, token) =>
            {
                var (code, output, error) = await KernelTools.RunInsideAsync(space, "unshare", ["--mount", .. command], token).ConfigureAwait(false);
                return new NodeCommandResult(code, output, error);
            },
            result => result.ExitCode == 0,
            cancellationToken);
    }

    private static IReadOnlyList<string> Plain(IReadOnlyList<string> argv) => argv is ["chroot", "/host", ..] ? [.. argv.Skip(2)] : argv;
}
