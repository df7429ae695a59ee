using System.Collections.Immutable;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>The migrator's process ends here. Nothing of ours catches it.</summary>
internal sealed class CrashException(string where) : Exception(where);

/// <summary>Crashes once before and once after each thing that is done for the first time; a third time it goes through.</summary>
/// <param name="isPoint">Where; null for everywhere.</param>
internal sealed class CrashPoints(Predicate<string>? isPoint = null)
{
    private readonly HashSet<string> _before = [];
    private readonly HashSet<string> _after = [];
    private bool _isDead;

    public int Crashes { get; private set; }

    /// <summary>The next process; the one before does nothing any more, whatever it still wants to tidy up.</summary>
    public void StartProcess() => _isDead = false;

    public void Before(string what)
    {
        // The Lease is renewed beside the steps, and Nodes go side by side.
        lock (_before)
        {
            if (_isDead)
            {
                throw new CrashException($"dead: {what}");
            }

            if (isPoint?.Invoke(what) == false)
            {
                return;
            }

            if (_before.Add(what))
            {
                Crash($"before {what}");
            }
        }
    }

    public void After(string what)
    {
        lock (_before)
        {
            // Another Node's step may have been the process's end while this was under way.
            if (_isDead)
            {
                throw new CrashException($"dead: {what}");
            }

            if (isPoint?.Invoke(what) != false && _after.Add(what))
            {
                Crash($"after {what}");
            }
        }
    }

    private void Crash(string where)
    {
        Crashes++;
        _isDead = true;
        throw new CrashException(where);
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
            var journal = new MirroredJournal(new ConfigMapJournal(plain), new FileJournal(migration.JournalFile));
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

/// <summary>Crashes around journal writes.</summary>
internal sealed class CrashingJournal(IMigrationJournal journal, CrashPoints points) : IMigrationJournal
{
    public Task<ImmutableArray<JournalEntry>> ReadAsync(CancellationToken cancellationToken = default) =>
        journal.ReadAsync(cancellationToken);

    public async Task AppendAsync(JournalEntry entry, CancellationToken cancellationToken = default)
    {
        var what = $"journal {entry.StepId} {entry.State}";
        points.Before(what);
        await journal.AppendAsync(entry, cancellationToken);
        points.After(what);
    }
}

/// <summary>Crashes around every request that changes something.</summary>
internal sealed class CrashingHandler(CrashPoints points) : DelegatingHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method == HttpMethod.Get)
        {
            return await base.SendAsync(request, cancellationToken);
        }

        var what = $"{request.Method} {request.RequestUri!.PathAndQuery}";
        points.Before(what);
        var response = await base.SendAsync(request, cancellationToken);
        points.After(what);
        return response;
    }
}

/// <summary>Crashes around every command on a Node that changes something.</summary>
internal sealed class CrashingNodeAccess(INodeAccess nodes, CrashPoints points) : INodeAccess
{
    private static readonly string[] ReadOnly = ["list-directory", "read-file", "read-cni-configs", "read-routes", "inspect-node", "list-multus-attachments", "audit-calico", "audit-antrea"];

    public async Task<NodeCommandResult> RunAsync(string node, NodeCommand command, CancellationToken cancellationToken = default)
    {
        if (ReadOnly.Contains(command.Verb))
        {
            return await nodes.RunAsync(node, command, cancellationToken);
        }

        var what = $"{node} {command.Verb} {string.Join(' ', command.Arguments)}";
        points.Before(what);
        var result = await nodes.RunAsync(node, command, cancellationToken);
        points.After(what);
        return result;
    }
}
