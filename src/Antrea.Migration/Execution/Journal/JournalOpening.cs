using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>Takes up a journal where it is, or begins one; refuses what does not fit the cluster or what was begun.</summary>
internal sealed class JournalOpening(IMigrationJournal journal, IClusterReader reader, KubernetesApi api, TimeProvider time)
{
    private const string Source = "the journal";

    private ImmutableArray<JournalEntry> _seen = [];

    /// <summary>Refuses what does not fit, and changes nothing: whoever may not go on decides nothing for whoever does.</summary>
    /// <returns>False when <paramref name="plan"/> is a rollback whose last step had begun, and which has ended meanwhile.</returns>
    /// <exception cref="MigrationException">It does not fit.</exception>
    public async Task<bool> FitsAsync(MigrationPlan plan, MigrationOptions options, CancellationToken cancellationToken)
    {
        try
        {
            return await LookAsync(plan, options, cancellationToken).ConfigureAwait(false);
        }
        catch (KubernetesApiException e)
        {
            throw new MigrationException(
                $"What there is of an earlier run cannot be read: {e.Message}", "Look into the API server's log, then run the command again; nothing was changed.", e);
        }
    }

    /// <summary>Takes the journal up, or begins it; for who holds the Lease, and after <see cref="FitsAsync"/>. Null as it says false.</summary>
    /// <exception cref="MigrationException">What another has done until the Lease was had does not fit.</exception>
    public async Task<JournalView?> OpenAsync(MigrationPlan plan, MigrationOptions options, CancellationToken cancellationToken)
    {
        if (!(await journal.ReadAsync(cancellationToken).ConfigureAwait(false)).SequenceEqual(_seen)
            && !await FitsAsync(plan, options, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        if (BegunIn(_seen) != plan.Id)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await journal.AppendAsync(
                new JournalEntry(time.GetUtcNow(), plan.Id, JournalState.Plan, PlanJson.Pack(plan)), CancellationToken.None).ConfigureAwait(false);
        }

        return new JournalView(plan, _seen);
    }

    private static string? BegunIn(ImmutableArray<JournalEntry> entries) => entries.LastOrDefault(e => e.State == JournalState.Plan)?.StepId;

    private async Task<bool> LookAsync(MigrationPlan plan, MigrationOptions options, CancellationToken cancellationToken)
    {
        var wasEnding = await WaitForEndOfNamespaceAsync(options, cancellationToken).ConfigureAwait(false);
        if (MigrationPlanner.ManifestHash(options) != plan.ManifestHash)
        {
            throw new MigrationException(
                $"The manifests are not those that plan {plan.Id} was made with.",
                "Name the same --antrea-manifest and --multus-manifest as before.");
        }

        _seen = await journal.ReadAsync(cancellationToken).ConfigureAwait(false);
        var begun = BegunIn(_seen);
        if (wasEnding && begun is null && plan.Undoes is not null)
        {
            return false;
        }

        if (begun != plan.Id && (plan.Undoes is not null || begun is not null) && (plan.Undoes is null || begun != plan.Undoes))
        {
            throw Misfit(plan, begun, MigrationRecord.Of(_seen, Source).Rollback);
        }

        var snapshot = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (begun == plan.Id)
        {
            RequireSameNodes(plan, snapshot);
        }
        else if (plan.Undoes is null)
        {
            RequireUnchanged(plan, MigrationPlanner.Plan(snapshot, options with { Restart = plan.Restart, FirstPart = plan.Partition?.FirstPart ?? options.FirstPart }));
        }
        else
        {
            RequireUnchangedRollback(plan, _seen, snapshot);
        }

        return true;
    }

    /// <summary>What a rollback's last step deletes takes a while to go, and nothing can be written there meanwhile.</summary>
    private async Task<bool> WaitForEndOfNamespaceAsync(MigrationOptions options, CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        for (var waited = false; ; waited = true)
        {
            var found = await api.GetAsync(NodeAgentManifest.NamespacePath, cancellationToken).ConfigureAwait(false);
            if (found?["metadata"]?["deletionTimestamp"] is null)
            {
                return waited;
            }

            if (time.GetElapsedTime(since) > options.StepTimeout)
            {
                throw new MigrationException(
                    $"Namespace {NodeAgentManifest.Namespace} is still being deleted.",
                    $"See what keeps it with 'kubectl get namespace {NodeAgentManifest.Namespace} -o yaml', then run the command again.");
            }

            await Task.Delay(options.PollInterval, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static MigrationException Misfit(MigrationPlan plan, string? begun, MigrationPlan? rollback) =>
        begun is null
            ? new MigrationException($"The journal is empty: there is nothing that {plan.Id} could undo.", "See what there is with 'antrea-migrator status'.")
            : rollback is not null
                ? new MigrationException(
                    $"The migration of plan {rollback.Undoes} is being rolled back.",
                    "Finish that with 'antrea-migrator rollback --execute'; a new migration can begin afterwards.")
                : new MigrationException(
                    $"The journal belongs to plan {begun}, not to plan {plan.Id}.",
                    "Execute the plan that was begun, or see what was done with 'antrea-migrator status'.");

    /// <summary>Refuses to begin a plan that the cluster does not fit any more.</summary>
    /// <param name="plan">The plan as it was shown.</param>
    /// <param name="now">What the same options give now.</param>
    /// <exception cref="MigrationException">It does not; the message says what has changed.</exception>
    internal static void RequireUnchanged(MigrationPlan plan, MigrationPlan now)
    {
        if (now.Fingerprint != plan.Fingerprint)
        {
            throw Drifted(plan, now, PlanFingerprint.Drift(plan, now));
        }

        if (now.Findings.FirstOrDefault(f => f.Severity == Severity.Blocker) is { } blocker)
        {
            throw new MigrationException(
                $"Since plan {plan.Id} was made something has come up: {blocker.Id}, {blocker.Subject}: {blocker.Evidence}", blocker.Remedy);
        }
    }

    private static MigrationException Drifted(MigrationPlan plan, MigrationPlan now, ImmutableArray<string> drift)
    {
        const string again = "Make the plan again with 'antrea-migrator plan', look at it, and execute that one.";
        return plan.Inputs.IsEmpty
            ? new MigrationException($"Plan {plan.Id} is of an earlier version of this program, and does not say enough of what it was made from.", again)
            : drift.All(d => d.StartsWith("--", StringComparison.Ordinal))
                ? new MigrationException(
                    $"Plan {plan.Id} was made with another {string.Join(" and ", drift)}; with this one it would be plan {now.Id}.", $"Give the options that the plan was made with. Or else: {again}")
                : new MigrationException(
                    $"The cluster has changed since plan {plan.Id} was made ({string.Join(", ", drift.Select(d => Told(d, plan, now)))}); it would be plan {now.Id} now.", again);
    }

    /// <summary>A part that has changed; of the Nodes also which.</summary>
    private static string Told(string part, MigrationPlan then, MigrationPlan now)
    {
        var nodes = part != PlanFingerprint.Nodes ? [] : then.PodCidrs.Keys.Union(now.PodCidrs.Keys)
            .Where(n => !then.PodCidrs.GetValueOrDefault(n, []).SequenceEqual(now.PodCidrs.GetValueOrDefault(n, []))).Order(StringComparer.Ordinal).ToList();
        return nodes.Count == 0 ? part : $"{part}: {string.Join(' ', nodes.Take(5))}{(nodes.Count > 5 ? $" and {nodes.Count - 5} more" : "")}";
    }

    private static void RequireUnchangedRollback(MigrationPlan plan, ImmutableArray<JournalEntry> entries, ClusterSnapshot snapshot)
    {
        var record = MigrationRecord.Of(entries, Source);
        var now = RollbackPlanner.Plan(record.Plan!, record.Entries, snapshot);
        if (!now.Steps.Select(s => s.Id).SequenceEqual(plan.Steps.Select(s => s.Id)))
        {
            throw new MigrationException(
                $"The migration has gone on, or Nodes have come or gone, since rollback {plan.Id} was shown.", "Look at it again with 'antrea-migrator rollback', then execute it.");
        }
    }

    /// <summary>A Node that joined has no bridge and would make Antrea Pods among Calico Pods; one that left cannot be reached.</summary>
    private static void RequireSameNodes(MigrationPlan plan, ClusterSnapshot snapshot)
    {
        var names = snapshot.Nodes.Select(n => n.Name).ToHashSet(StringComparer.Ordinal);
        var gone = plan.Nodes.Where(n => !names.Contains(n)).ToList();
        var joined = names.Except(plan.Nodes).Order(StringComparer.Ordinal).ToList();
        if (gone.Count + joined.Count > 0)
        {
            throw new MigrationException(
                $"The Nodes are not those of plan {plan.Id}: gone {Names(gone)}, new {Names(joined)}.",
                string.Join(' ', (string[])
                [
                    .. gone.Count > 0 ? [NodeTrouble.NextOfGone(gone, plan.Undoes is not null)] : (string[])[],
                    .. joined.Count > 0 ? [$"Drain and remove Node {Names(joined)} until the migration is done."] : (string[])[],
                ]));
        }

        static string Names(List<string> names) => names.Count == 0 ? "none" : string.Join(", ", names);
    }
}
