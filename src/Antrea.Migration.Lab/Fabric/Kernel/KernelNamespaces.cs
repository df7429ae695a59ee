using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>One network namespace of a lab.</summary>
/// <param name="Name">As <c>ip netns</c> lists it.</param>
/// <param name="Index">Its place in its lab, from 0; MAC addresses are made of it.</param>
/// <param name="Handle">An open handle of it, for <see cref="KernelThread"/>.</param>
/// <param name="Label">What it is for.</param>
internal sealed record KernelNamespace(string Name, int Index, SafeFileHandle Handle, string Label);

/// <summary>The network namespaces of one lab: they have a prefix in common that no other lab has. Not for use by several threads at once.</summary>
/// <remarks>A lab holds a lock on a file named after its prefix. A file nobody holds is left over from a process that ended without
/// clearing up: making the next lab removes that one's namespaces. The machine's own namespace is never changed.</remarks>
internal sealed class KernelNamespaces : IAsyncDisposable
{
    /// <summary>Where <c>ip netns</c> keeps its names.</summary>
    public const string Folder = "/run/netns";

    /// <summary>What the names of all labs' namespaces begin with.</summary>
    public const string CommonPrefix = "antrea-lab-";

    private const string Locks = "/run/antrea-migration-lab";

    private readonly FileStream _lock;
    private readonly List<KernelNamespace> _all = [];
    private int _made;

    private KernelNamespaces(string prefix, FileStream @lock)
    {
        Prefix = prefix;
        _lock = @lock;
    }

    /// <summary>What the names of this lab's namespaces begin with.</summary>
    public string Prefix { get; }

    /// <summary>The labs that a process holds.</summary>
    public static IReadOnlyList<string> Held(int process) =>
        Directory.Exists(Locks) ? [.. Directory.GetFiles(Locks, $"*.{process}").Select(path => Path.GetFileName(path))] : [];

    /// <summary>Namespaces of labs that nobody holds or held: what was forgotten.</summary>
    public static IReadOnlyList<string> Orphans()
    {
        // A lab's file is there before its namespaces and after them.
        var before = Named(CommonPrefix).ToList();
        var held = (Directory.Exists(Locks) ? Directory.GetFiles(Locks) : []).Select(path => PrefixOf(path)).ToList();
        return [.. Named(CommonPrefix).Intersect(before).Where(name => !held.Exists(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))];
    }

    /// <summary>Takes a prefix, and removes what ended processes left.</summary>
    /// <exception cref="IOException">Not root, or no <c>/run</c>.</exception>
    public static async Task<KernelNamespaces> CreateAsync()
    {
        Directory.CreateDirectory(Locks);
        await SweepAsync().ConfigureAwait(false);
        for (var attempt = 1; ; attempt++)
        {
            var id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
            try
            {
                return new KernelNamespaces(
                    $"{CommonPrefix}{id}-",
                    new FileStream(Path.Combine(Locks, $"{id}.{Environment.ProcessId}"), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException) when (attempt < 3)
            {
                // Another lab's sweep took the file between its making and its locking.
            }
        }
    }

    /// <summary>Makes namespaces, empty but for their loopback devices.</summary>
    /// <param name="labels">What each is for; part of its name, in which anything but letters, digits, dots and dashes becomes a dot.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <returns>One for each label, in their order.</returns>
    public async Task<IReadOnlyList<KernelNamespace>> AddAsync(IReadOnlyList<string> labels, CancellationToken cancellationToken)
    {
        if (labels.Count == 0)
        {
            return [];
        }

        var first = _made;
        _made += labels.Count;
        var names = labels.Select((label, i) =>
            $"{Prefix}{first + i}-{string.Concat(label.Select(c => char.IsAsciiLetterOrDigit(c) || c == '-' ? c : '.'))}").ToList();
        await KernelTools.IpAsync(string.Concat(names.Select(name => $"netns add {name}\n")), cancellationToken).ConfigureAwait(false);
        List<KernelNamespace> added =
        [
            .. names.Select((name, i) =>
                new KernelNamespace(name, first + i, File.OpenHandle($"{Folder}/{name}", FileMode.Open, FileAccess.Read, FileShare.ReadWrite), labels[i])),
        ];
        _all.AddRange(added);
        return added;
    }

    /// <summary>Removes namespaces with all that is in them; the kernel ends them when the last socket there is closed.</summary>
    public Task RemoveAsync(IReadOnlyList<KernelNamespace> gone)
    {
        foreach (var one in gone)
        {
            _all.Remove(one);
            one.Handle.Dispose();
        }

        return KernelTools.DeleteAsync(gone.Select(one => one.Name));
    }

    /// <summary>Leaves everything as it is, as a crash does.</summary>
    public void Abandon()
    {
        _all.ForEach(one => one.Handle.Dispose());
        _lock.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        _all.ForEach(one => one.Handle.Dispose());
        await KernelTools.DeleteAsync(Named(Prefix)).ConfigureAwait(false);
        File.Delete(_lock.Name);
        await _lock.DisposeAsync().ConfigureAwait(false);
    }

    private static async Task SweepAsync()
    {
        foreach (var path in Directory.GetFiles(Locks))
        {
            try
            {
                await using var held = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                await KernelTools.DeleteAsync(Named(PrefixOf(path))).ConfigureAwait(false);
                File.Delete(path);
            }
            catch (IOException)
            {
                // In use, or just removed by another sweep.
            }
        }
    }

    /// <summary>A lab's file is named <c>ID.PROCESS</c>.</summary>
    private static string PrefixOf(string path) => $"{CommonPrefix}{Path.GetFileNameWithoutExtension(path)}-";

    private static IEnumerable<string> Named(string prefix) => Directory.Exists(Folder)
        ? [.. Directory.GetFiles(Folder, prefix + "*").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)]
        : [];
}
