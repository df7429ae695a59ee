using System.Collections.Immutable;
using Antrea.Migration.Execution;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>The migrator's process ends here. Nothing of ours catches it.</summary>
internal sealed class CrashException(string where) : Exception(where);

/// <summary>Crashes once before and once after each thing that is done for the first time; a third time it goes through.</summary>
internal sealed class CrashPoints
{
    private readonly Dictionary<string, int> _seen = [];
    private bool _isDead;

    public int Crashes { get; private set; }

    /// <summary>The next process; the one before does nothing any more, whatever it still wants to tidy up.</summary>
    public void StartProcess() => _isDead = false;

    public void Before(string what)
    {
        // The Lease is renewed beside the steps.
        lock (_seen)
        {
            if (_isDead)
            {
                throw new CrashException($"dead: {what}");
            }

            var times = _seen[what] = _seen.GetValueOrDefault(what) + 1;
            if (times == 1)
            {
                Crash($"before {what}");
            }
        }
    }

    public void After(string what)
    {
        lock (_seen)
        {
            if (_seen[what] == 2)
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
    private static readonly string[] ReadOnly = ["list-directory", "read-file", "read-routes", "list-multus-attachments", "audit-calico", "audit-antrea"];

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
