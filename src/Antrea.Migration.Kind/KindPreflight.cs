using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.Execution;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Kind;

/// <summary>Asks whether this machine can hold a KinD cluster, before anything is created.</summary>
public sealed class KindPreflight
{
    /// <summary>Measured: 232 in use by 21 Nodes with a Pod each; creating 21 Nodes stopped at a limit of 128.</summary>
    private const int InotifyInstancesPerNode = 12;

    /// <summary>What kind's documentation ("Known Issues", too many open files) sets.</summary>
    private const int InotifyWatches = 524_288;

    private readonly KindTool _tool;
    private readonly Func<string, string?> _readText;

    /// <summary>Creates the preflight.</summary>
    /// <param name="tool">The programs to use; <see langword="null"/> for those on PATH.</param>
    /// <param name="readText">Reads a file under <c>/proc</c>, <see langword="null"/> for one that is not there; by default the
    /// machine's own. On a machine whose Docker engine is elsewhere it has to read there.</param>
    public KindPreflight(KindTool? tool = null, Func<string, string?>? readText = null)
    {
        _tool = tool ?? new KindTool();
        _readText = readText ?? (path => File.Exists(path) ? File.ReadAllText(path) : null);
    }

    /// <summary>Everything that stands against creating the cluster, or makes it doubtful; empty when nothing does.</summary>
    /// <param name="options">The cluster to be created.</param>
    /// <param name="cancellationToken">Ends the checks.</param>
    /// <returns>Findings in a fixed order: options, docker, kind, existing cluster, kernel limits. Ids:
    /// <c>kind-options-invalid</c>, <c>docker-unreachable</c>, <c>kind-missing</c>, <c>kind-cluster-exists</c>, <c>inotify-instances-low</c>,
    /// <c>inotify-watches-low</c>.</returns>
    public async Task<ImmutableArray<Finding>> CheckAsync(
        KindClusterOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        List<Finding> findings = [.. options.Validate().Select(fault => new Finding(
            "kind-options-invalid", Severity.Blocker, $"KindCluster/{options.Name}", fault, "Correct the option."))];

        var docker = await TryAsync(_tool.GetDockerVersionAsync, cancellationToken).ConfigureAwait(false);
        if (docker is not null)
        {
            findings.Add(new Finding(
                "docker-unreachable",
                Severity.Blocker,
                "docker",
                docker.Message,
                "Install Docker, start its engine, and check that 'docker version' shows a server."));
        }

        var kind = await TryAsync(_tool.GetKindVersionAsync, cancellationToken).ConfigureAwait(false);
        if (kind is not null)
        {
            findings.Add(new Finding("kind-missing", Severity.Blocker, "kind", kind.Message, "Install kind and put it on PATH."));
        }

        if (docker is null && kind is null
            && (await _tool.GetClustersAsync(cancellationToken).ConfigureAwait(false)).Contains(options.Name))
        {
            findings.Add(new Finding(
                "kind-cluster-exists",
                Severity.Blocker,
                $"KindCluster/{options.Name}",
                $"A cluster named '{options.Name}' exists already.",
                $"Delete it (kind delete cluster --name {options.Name}), or choose another name."));
        }

        var instances = InotifyInstancesPerNode * (options.Workers + 1);
        CheckLimit(findings, "inotify-instances-low", Severity.Blocker, "max_user_instances", instances);
        CheckLimit(findings, "inotify-watches-low", Severity.Warning, "max_user_watches", InotifyWatches);
        return [.. findings];
    }

    private static async Task<MigrationException?> TryAsync(
        Func<CancellationToken, Task<string>> ask, CancellationToken cancellationToken)
    {
        try
        {
            await ask(cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (MigrationException exception)
        {
            return exception;
        }
    }

    private void CheckLimit(List<Finding> findings, string id, Severity severity, string name, int needed)
    {
        var text = _readText($"/proc/sys/fs/inotify/{name}");
        if (long.TryParse(text, NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var value) && value < needed)
        {
            findings.Add(new Finding(
                id,
                severity,
                $"sysctl/fs.inotify.{name}",
                $"fs.inotify.{name} is {value}, but {needed} should be there for this cluster.",
                $"sysctl -w fs.inotify.{name}={needed} (as root, and back afterwards where the machine is shared)."));
        }
    }
}
