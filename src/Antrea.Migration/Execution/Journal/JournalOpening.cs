using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>Takes up a journal where it is, or begins one; refuses what does not fit the cluster or what was begun.</summary>
internal sealed class JournalOpening(IMigrationJournal journal, IClusterReader reader, KubernetesApi api, TimeProvider time)
{
    private const string Source = "the journal";

    /// <summary>Null when <paramref name="plan"/> is a rollback whose last step had begun, and which has ended meanwhile.</summary>
    public async Task<JournalView?> OpenAsync(MigrationPlan plan, MigrationOptions options, CancellationToken cancellationToken)
    {
        var wasEnding = await WaitForEndOfNamespaceAsync(options, cancellationToken).ConfigureAwait(false);
        if (MigrationPlanner.ManifestHash(options) != plan.ManifestHash)
        {
            throw new MigrationException(
                $"The manifests are not those that plan {plan.Id} was made with.",
                "Name the same --antrea-manifest and --multus-manifest as before.");
        }

        var entries = await journal.ReadAsync(cancellationToken).ConfigureAwait(false);
        var begun = entries.LastOrDefault(e => e.State == JournalState.Plan)?.StepId;
        if (wasEnding && begun is null && plan.Undoes is not null)
        {
            return null;
        }

        if (begun != plan.Id && (plan.Undoes is not null || begun is not null) && (plan.Undoes is null || begun != plan.Undoes))
        {
            throw Misfit(plan, begun, MigrationRecord.Of(entries, Source).Rollback);
        }

        var snapshot = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (begun == plan.Id)
        {
            RequireSameNodes(plan, snapshot);
            return new JournalView(plan, entries);
        }

        if (plan.Undoes is null)
        {
            RequireUnchanged(plan, MigrationPlanner.Plan(snapshot, options with { Restart = plan.Restart, FirstPart = plan.Partition?.FirstPart ?? options.FirstPart }));
        }
        else
        {
            RequireUnchangedRollback(plan, entries, snapshot);
        }

        cancellationToken.ThrowIfCancellationRequested();
        await journal.AppendAsync(
            new JournalEntry(time.GetUtcNow(), plan.Id, JournalState.Plan, PlanJson.Pack(plan)), CancellationToken.None).ConfigureAwait(false);
        return new JournalView(plan, entries);
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

    private static void RequireUnchanged(MigrationPlan plan, MigrationPlan now)
    {
        if (now.Fingerprint != plan.Fingerprint)
        {
            throw new MigrationException(
                $"The cluster has changed since plan {plan.Id} was made; it would be plan {now.Id} now.",
                "Make the plan again with 'antrea-migrator plan', look at it, and execute that one.");
        }

        if (now.Findings.FirstOrDefault(f => f.Severity == Severity.Blocker) is { } blocker)
        {
            throw new MigrationException(
                $"Since plan {plan.Id} was made something has come up: {blocker.Id}, {blocker.Subject}: {blocker.Evidence}", blocker.Remedy);
        }
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
