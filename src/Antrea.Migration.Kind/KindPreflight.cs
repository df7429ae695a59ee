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

    /// <summary>Measured: 21 Nodes with a Pod each held 1.9 GB more than the machine without them.</summary>
    private const long BytesPerNode = 90L << 20;

    /// <summary>What a Node with the images of Calico, Antrea and Multus takes: an estimate.</summary>
    private const long BytesPerMigratedNode = 600L << 20;

    /// <summary>Measured: 21 Nodes of a plain image, just made, 7.3 GB; of a compressed one 3.6 GB.</summary>
    private const long DiskPerNode = 350L << 20;

    /// <summary>What Nodes share with this machine and the projects' own images need, each with who needs it.</summary>
    private static readonly (string Module, string For)[] Modules =
    [
        ("ipip", "Calico's IP-in-IP tunnels"), ("ip_set", "Calico's policies"), ("xt_set", "Calico's policies"),
        ("openvswitch", "Antrea's bridge"), ("geneve", "Antrea's tunnels"),
    ];

    /// <summary>The id of the finding that the name is taken.</summary>
    internal const string ClusterExists = "kind-cluster-exists";

    private readonly KindTool _tool;
    private readonly Func<string, string?> _readText;
    private readonly Func<string, long?> _freeSpace;

    /// <summary>Creates the preflight.</summary>
    /// <param name="tool">The programs to use; <see langword="null"/> for those on PATH.</param>
    /// <param name="readText">Reads a file under <c>/proc</c>, <see langword="null"/> for one that is not there; by default the
    /// machine's own. On a machine whose Docker engine is elsewhere it has to read there.</param>
    /// <param name="freeSpace">The bytes free in a folder, <see langword="null"/> where that cannot be said; by default this machine's.</param>
    public KindPreflight(KindTool? tool = null, Func<string, string?>? readText = null, Func<string, long?>? freeSpace = null)
    {
        _tool = tool ?? new KindTool();
        _readText = readText ?? (path => File.Exists(path) ? File.ReadAllText(path) : null);
        _freeSpace = freeSpace ?? (folder => Directory.Exists(folder) ? new DriveInfo(folder).AvailableFreeSpace : null);
    }

    /// <summary>Everything that stands against creating the cluster, or makes it doubtful; empty when nothing does.</summary>
    /// <param name="options">The cluster to be created.</param>
    /// <param name="cancellationToken">Ends the checks.</param>
    /// <returns>Findings in a fixed order: options, engine, kind, existing cluster, kernel limits, memory, disk, kernel modules. Ids:
    /// <c>kind-options-invalid</c>, <c>docker-unreachable</c> or <c>podman-unreachable</c>, <c>kind-missing</c>, <c>kind-cluster-exists</c>, <c>inotify-instances-low</c>,
    /// <c>inotify-watches-low</c>, <c>memory-low</c>, <c>disk-low</c>, <c>kernel-module-missing</c>.</returns>
    public async Task<ImmutableArray<Finding>> CheckAsync(
        KindClusterOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        List<Finding> findings = [.. options.Validate().Select(fault => new Finding(
            "kind-options-invalid", Severity.Blocker, $"KindCluster/{options.Name}", fault, "Correct the option."))];

        var engine = await TryAsync(_tool.GetEngineVersionAsync, cancellationToken).ConfigureAwait(false);
        if (engine is not null)
        {
            findings.Add(new Finding(
                $"{_tool.ProviderName}-unreachable",
                Severity.Blocker,
                _tool.ProviderName,
                engine.Message,
                _tool.Provider == KindProvider.Docker
                    ? "Install Docker, start its engine, and check that 'docker version' shows a server."
                    : "Install Podman, and check as root that 'podman info' answers."));
        }

        var kind = await TryAsync(_tool.GetKindVersionAsync, cancellationToken).ConfigureAwait(false);
        if (kind is not null)
        {
            findings.Add(new Finding("kind-missing", Severity.Blocker, "kind", kind.Message, "Install kind and put it on PATH."));
        }

        if (engine is null && kind is null
            && (await _tool.GetClustersAsync(cancellationToken).ConfigureAwait(false)).Contains(options.Name))
        {
            findings.Add(new Finding(
                ClusterExists,
                Severity.Blocker,
                $"KindCluster/{options.Name}",
                $"A cluster named '{options.Name}' exists already.",
                $"Delete it (kind delete cluster --name {options.Name}), or choose another name."));
        }

        var instances = InotifyInstancesPerNode * (options.Workers + 1);
        CheckLimit(findings, "inotify-instances-low", Severity.Blocker, "max_user_instances", instances);
        CheckLimit(findings, "inotify-watches-low", Severity.Warning, "max_user_watches", InotifyWatches);
        CheckMemory(findings, options.Workers + 1);
        if (engine is null)
        {
            await CheckDiskAsync(findings, options.Workers + 1, cancellationToken).ConfigureAwait(false);
        }

        CheckModules(findings);
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

    private void CheckMemory(List<Finding> findings, int nodes)
    {
        var line = _readText("/proc/meminfo")?.Split('\n').FirstOrDefault(l => l.StartsWith("MemAvailable:", StringComparison.Ordinal));
        if (line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not [_, var kibibytes, "kB"]
            || !long.TryParse(kibibytes, NumberStyles.None, CultureInfo.InvariantCulture, out var available)
            || available << 10 >= nodes * BytesPerMigratedNode)
        {
            return;
        }

        var isTooLittle = available << 10 < nodes * BytesPerNode;
        findings.Add(new Finding(
            "memory-low",
            isTooLittle ? Severity.Blocker : Severity.Warning,
            "memory",
            $"{Megabytes(available << 10)} of memory are available. {nodes} Nodes take {Megabytes(nodes * BytesPerNode)} when they are made, and about "
            + $"{Megabytes(nodes * BytesPerMigratedNode)} with the images of Calico, Antrea and Multus.",
            "Make fewer workers, or end what else takes memory."));
    }

    private async Task CheckDiskAsync(List<Finding> findings, int nodes, CancellationToken cancellationToken)
    {
        var folder = "";
        if (await TryAsync(async token => folder = await _tool.GetEngineFolderAsync(token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false) is not null)
        {
            return; // An engine that does not say where.
        }

        if (_freeSpace(folder) is { } free && free < nodes * DiskPerNode)
        {
            findings.Add(new Finding(
                "disk-low",
                Severity.Warning,
                folder,
                $"{Megabytes(free)} are free where containers are kept; {nodes} Nodes take about {Megabytes(nodes * DiskPerNode)}.",
                $"Free some ('{_tool.ProviderName} system df' shows what takes it), or make fewer workers."));
        }
    }

    private void CheckModules(List<Finding> findings)
    {
        if (_readText("/proc/sys/kernel/osrelease")?.Trim() is not { Length: > 0 } release)
        {
            return;
        }

        var loaded = _readText("/proc/modules") ?? "";
        var inKernel = _readText($"/lib/modules/{release}/modules.builtin") ?? "";
        var onDisk = _readText($"/lib/modules/{release}/modules.dep") ?? "";
        var missing = Modules.Where(m => !$"\n{loaded}".Contains($"\n{m.Module} ", StringComparison.Ordinal)
            && !inKernel.Contains($"/{m.Module}.ko", StringComparison.Ordinal)
            && !onDisk.Contains($"/{m.Module}.ko", StringComparison.Ordinal)).ToList();
        if (missing.Count > 0)
        {
            findings.Add(new Finding(
                "kernel-module-missing",
                Severity.Warning,
                $"kernel/{release}",
                $"Nodes have this machine's kernel, and it shows no module {string.Join(", ", missing.Select(m => $"{m.Module} ({m.For})"))}.",
                "Load them (modprobe), or use a kernel that has them; stand-ins for the images can do without."));
        }
    }

    private static string Megabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1_000_000:N0} MB");
}
