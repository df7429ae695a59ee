using System.Collections.Immutable;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>The migrator's process ends here. Nothing of ours catches it.</summary>
internal sealed class CrashException(string where) : Exception(where);

/// <summary>Crashes once before and once after each thing that is done for the first time; a third time it goes through.</summary>
/// <remarks>What is done is named by itself, by the step that does it, and by how often the step has done it in this process: a second phase's patch of the same object is a
/// point of its own. The migrator's Lease is nobody's step and renewed by the clock: a point for each kind of request.</remarks>
/// <param name="isPoint">Where; null for everywhere.</param>
internal sealed class CrashPoints(Predicate<string>? isPoint = null)
{
    private readonly Lock _gate = new();
    private readonly HashSet<string> _before = [];
    private readonly HashSet<string> _after = [];
    private readonly List<string> _steps = [];
    private readonly Dictionary<string, int> _times = [];
    private bool _isDead;

    public int Crashes { get; private set; }

    /// <summary>What there was to crash around.</summary>
    public IReadOnlyCollection<string> Names => _before;

    /// <summary>Called at each crash, with where it is.</summary>
    public Action<string> Look { get; init; } = _ => { };

    /// <summary>The next process; the one before does nothing any more, whatever it still wants to tidy up.</summary>
    public void StartProcess()
    {
        lock (_gate)
        {
            _isDead = false;
            _steps.Clear();
            _times.Clear();
        }
    }

    /// <summary>A step's intent or outcome is written down.</summary>
    public void Note(JournalEntry entry)
    {
        lock (_gate)
        {
            _steps.Remove(entry.StepId);
            if (entry.State == JournalState.Intent)
            {
                _steps.Add(entry.StepId);
            }
        }
    }

    /// <summary>Does something that changes the cluster, its Nodes or the journal.</summary>
    /// <param name="what">The change; words about one Node have its name in them, between blanks or slashes.</param>
    /// <param name="act">Does it.</param>
    /// <param name="isOnce">Whether nothing else has this name.</param>
    public async Task<T> AroundAsync<T>(string what, Func<Task<T>> act, bool isOnce = false)
    {
        var name = isOnce ? what : Named(what);
        Pass(name, _before, "before");
        var result = await act();
        Pass(name, _after, "after");
        return result;
    }

    /// <summary>Crashes here once.</summary>
    public void Before(string what) => Pass(what, _before, "before");

    private void Pass(string what, HashSet<string> seen, string place)
    {
        // The Lease is renewed beside the steps, and Nodes go side by side: another Node's step may have been the process's end while this was under way.
        lock (_gate)
        {
            if (_isDead)
            {
                throw new CrashException($"dead: {what}");
            }

            if (isPoint?.Invoke(what) == false || !seen.Add(what))
            {
                return;
            }

            Crashes++;
            _isDead = true;
        }

        Look($"{place} {what}");
        throw new CrashException($"{place} {what}");
    }

    private string Named(string what)
    {
        lock (_gate)
        {
            // Steps of several Nodes are at work at once; one's own words have its Node's name.
            var words = what.Split(' ', '/', '?');
            var mine = _steps.Where(s => _steps.Count == 1 || words.Contains(s.Split('/')[^1])).ToList();
            var name = $"{what} in {(mine.Count > 0 ? string.Join(' ', mine) : string.Join(' ', _steps.Select(s => s.Split('/')[0]).Distinct()))}";
            _times[name] = _times.GetValueOrDefault(name) + 1;
            return _times[name] == 1 ? name : $"{name}, time {_times[name]}";
        }
    }
}

/// <summary>One process after the other, each killed at the next point, until one reaches the end.</summary>
internal static class CrashedRun
{
    /// <param name="migration">The cluster; nothing but it and the journal's file is kept between two processes.</param>
    /// <param name="points">Where it is killed.</param>
    /// <param name="next">The plan that the next process carries out; null when nothing is left to do.</param>
    /// <param name="cancellationToken">Ends the run.</param>
    /// <param name="atEvent">Called at each event of every process.</param>
    /// <returns>The events of the last process; null when it was killed with nothing left to do.</returns>
    public static async Task<List<MigrationEvent>?> ToTheEndAsync(
        LabMigration migration,
        CrashPoints points,
        Func<ConfigMapJournal, Task<MigrationPlan?>> next,
        CancellationToken cancellationToken,
        Action<MigrationEvent>? atEvent = null)
    {
        while (true)
        {
            points.StartProcess();
            using var client = migration.Client(new CrashingHandler(points));
            using var plain = migration.Client();
            var journal = new MirroredJournal(new ConfigMapJournal(plain), new CrashingMirror(new FileJournal(migration.JournalFile), points));
            var executor = new MigrationExecutor(client, new CrashingJournal(journal, points), new CrashingNodeAccess(new PodExecNodeAccess(plain), points));
            if (await next(new ConfigMapJournal(plain)) is not { } plan)
            {
                return null;
            }

            try
            {
                return await migration.ExecuteAsync(plan, executor, cancellationToken, atEvent: atEvent);
            }
            catch (CrashException)
            {
            }
        }
    }
}

/// <summary>Crashes before journal writes; behind the cluster's and before the file's it is <see cref="CrashingMirror"/>, and who dies behind both dies before whatever is next.</summary>
internal sealed class CrashingJournal(IMigrationJournal journal, CrashPoints points) : IMigrationJournal
{
    public Task<ImmutableArray<JournalEntry>> ReadAsync(CancellationToken cancellationToken = default) =>
        journal.ReadAsync(cancellationToken);

    public async Task AppendAsync(JournalEntry entry, CancellationToken cancellationToken = default)
    {
        points.Before($"journal {entry.StepId} {entry.State}");
        await journal.AppendAsync(entry, cancellationToken);
        points.Note(entry);
    }
}

/// <summary>Crashes when an entry is in the cluster and not in the file.</summary>
internal sealed class CrashingMirror(IMigrationJournal mirror, CrashPoints points) : IMigrationJournal
{
    public Task<ImmutableArray<JournalEntry>> ReadAsync(CancellationToken cancellationToken = default) => mirror.ReadAsync(cancellationToken);

    public Task AppendAsync(JournalEntry entry, CancellationToken cancellationToken = default)
    {
        points.Before($"journal {entry.StepId} {entry.State} in the file");
        return mirror.AppendAsync(entry, cancellationToken);
    }
}

/// <summary>Crashes around every request that changes something.</summary>
internal sealed class CrashingHandler(CrashPoints points) : DelegatingHandler
{
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var path = request.RequestUri!.PathAndQuery;
        return request.Method == HttpMethod.Get
            ? base.SendAsync(request, cancellationToken)
            : points.AroundAsync($"{request.Method} {path}", () => base.SendAsync(request, cancellationToken), isOnce: path.Contains("/leases", StringComparison.Ordinal));
    }
}

/// <summary>Crashes around every command on a Node that changes something.</summary>
internal sealed class CrashingNodeAccess(INodeAccess nodes, CrashPoints points) : INodeAccess
{
    private static readonly string[] ReadOnly = ["list-directory", "read-file", "read-cni-configs", "read-routes", "inspect-node", "list-multus-attachments", "audit-calico", "audit-antrea"];

    public Task<NodeCommandResult> RunAsync(string node, NodeCommand command, CancellationToken cancellationToken = default) => ReadOnly.Contains(command.Verb)
        ? nodes.RunAsync(node, command, cancellationToken)
        : points.AroundAsync($"{node} {command.Verb} {string.Join(' ', command.Arguments)}", () => nodes.RunAsync(node, command, cancellationToken));
}
