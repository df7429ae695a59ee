using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Internal;
using Antrea.Migration.Planning;
using k8s;

namespace Antrea.Migration.Execution;

/// <summary>A journal in the cluster itself: ConfigMap <c>antrea-migration/journal</c>, so that any machine can go on.</summary>
/// <remarks>
/// The ConfigMap's resourceVersion is carried from write to write: a second migrator at work is noticed at its first
/// entry. Only a step's newest entry is kept. Before the entries outgrow 64 KiB they are moved, packed, to
/// <c>antrea-migration/journal-archive</c>, so that neither object nears the 1 MiB that a ConfigMap may hold and each entry costs a small
/// write. The archive is written first: a crash in between leaves entries in both, and the newer ones count. For one process at a time.
/// </remarks>
public sealed class ConfigMapJournal : IMigrationJournal
{
    /// <summary>The ConfigMap's name.</summary>
    public const string Name = "journal";

    private const int MostCharacters = 64 * 1024;
    private const int MostArchivedCharacters = 960 * 1024;

    private readonly JournalObject _open;
    private readonly JournalObject _archive;

    // What the two objects hold, by step: a large cluster's journal is not parsed anew for every entry.
    private OrderedDictionary<(bool IsPlan, string Id), string> _openLines = [];
    private OrderedDictionary<(bool IsPlan, string Id), string> _archivedLines = [];

    /// <summary>Keeps the journal in the cluster behind <paramref name="client"/>.</summary>
    public ConfigMapJournal(Kubernetes client, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        var api = new KubernetesApi(client, time ?? TimeProvider.System);
        _open = new JournalObject(api, Name, "entries");
        _archive = new JournalObject(api, $"{Name}-archive", "packed");
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<JournalEntry>> ReadAsync(CancellationToken cancellationToken = default)
    {
        await _open.ReadAsync(cancellationToken).ConfigureAwait(false);
        await _archive.ReadAsync(cancellationToken).ConfigureAwait(false);
        var open = JournalFormat.Parse(_open.Text, _open.Source);
        var archived = _archive.Text.Length == 0 ? [] : JournalFormat.Parse(PackedText.Unpack(_archive.Text, _archive.Source), _archive.Source);
        _openLines = With([], open);
        _archivedLines = With([], archived);
        var newer = _openLines.Keys.ToHashSet();
        return [.. archived.Where(e => !newer.Contains(KeyOf(e))), .. open];
    }

    /// <summary>What was begun on this cluster, so that any machine can go on with it.</summary>
    /// <exception cref="MigrationException">The journal cannot be read.</exception>
    /// <exception cref="FormatException">A plan in it cannot be read.</exception>
    public async Task<MigrationRecord> ReadRecordAsync(CancellationToken cancellationToken = default) =>
        MigrationRecord.Of(await ReadAsync(cancellationToken).ConfigureAwait(false), _open.Source);

    /// <summary>The plan that was begun on this cluster, or null; so that any machine can go on with it.</summary>
    /// <exception cref="MigrationException">The journal cannot be read.</exception>
    public async Task<MigrationPlan?> ReadPlanAsync(CancellationToken cancellationToken = default) =>
        (await ReadRecordAsync(cancellationToken).ConfigureAwait(false)).Plan;

    /// <inheritdoc/>
    public async Task AppendAsync(JournalEntry entry, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var lines = With(_openLines, [entry]);
        if (_openLines.Count > 0 && lines.Values.Sum(l => l.Length) > MostCharacters)
        {
            await ArchiveAsync(cancellationToken).ConfigureAwait(false);
            lines = With([], [entry]);
        }

        await _open.WriteAsync(string.Concat(lines.Values), cancellationToken).ConfigureAwait(false);
        _openLines = lines;
    }

    private async Task ArchiveAsync(CancellationToken cancellationToken)
    {
        var lines = new OrderedDictionary<(bool, string), string>(_archivedLines);
        foreach (var (key, line) in _openLines)
        {
            lines.Remove(key);
            lines.Add(key, line);
        }

        var packed = PackedText.Pack(string.Concat(lines.Values));
        if (packed.Length > MostArchivedCharacters)
        {
            throw new MigrationException(
                $"{_archive.Source} would hold {packed.Length / 1024} KiB; a ConfigMap holds 1 MiB.",
                "Keep the journal's file and report this; nothing was done that is not in the journal.");
        }

        await _archive.WriteAsync(packed, cancellationToken).ConfigureAwait(false);
        _archivedLines = lines;
    }

    /// <summary>The lines with a step's older entry replaced by its newer one, at the end.</summary>
    private static OrderedDictionary<(bool IsPlan, string Id), string> With(
        OrderedDictionary<(bool IsPlan, string Id), string> lines, IEnumerable<JournalEntry> entries)
    {
        var result = new OrderedDictionary<(bool IsPlan, string Id), string>(lines);
        foreach (var entry in entries)
        {
            result.Remove(KeyOf(entry));
            result.Add(KeyOf(entry), JournalFormat.Format(entry) + "\n");
        }

        return result;
    }

    private static (bool IsPlan, string Id) KeyOf(JournalEntry entry) => (entry.State == JournalState.Plan, entry.StepId);
}
