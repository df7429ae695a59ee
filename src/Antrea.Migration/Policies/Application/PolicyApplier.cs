using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Policies.Conversion;
using k8s;

namespace Antrea.Migration.Policies.Application;

/// <summary>Brings converted policies into a cluster: Tiers, policies, the wait until every Node has them, and the removal of what an earlier run
/// wrote and this one does not want.</summary>
/// <remarks>
/// Safe to repeat: server-side apply changes nothing where nothing differs. Old objects go last, so that no gap opens. Only objects with
/// the label <c>app.kubernetes.io/managed-by: antrea-migrator</c> are ever removed. Source of the wait: Antrea
/// <c>pkg/controller/networkpolicy/status_controller.go</c>, v1.14 to v2.7.
/// </remarks>
/// <param name="kubernetes">The cluster.</param>
/// <param name="time">The clock for waiting.</param>
public sealed class PolicyApplier(IKubernetes kubernetes, TimeProvider time)
{
    private static readonly string[] PolicyKinds = ["ClusterNetworkPolicy", "NetworkPolicy"];

    private readonly AntreaObjectClient _client = new(kubernetes);

    /// <summary>Applies a conversion and returns when Antrea has realized it.</summary>
    /// <exception cref="MigrationException">The conversion holds refusals (nothing is written then); the API server refused or could not be reached;
    /// or the policies were not realized in time (the message names those that are not; what was applied stays).</exception>
    /// <exception cref="OperationCanceledException">The wait was cancelled; what was applied stays.</exception>
    public async Task<PolicyApplyResult> ApplyAsync(
        PolicyConversion conversion, PolicyApplyOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(conversion);
        options ??= new PolicyApplyOptions();
        if (conversion.HasRefusals)
        {
            throw new MigrationException(
                $"The conversion refuses {conversion.Findings.Count(f => f.Severity == Findings.Severity.Blocker)} things; "
                + "without them the policies do not mean what Calico's mean, and nothing was applied.",
                "Remedy the findings, or take what they name out of the input, and convert again.");
        }

        try
        {
            return await ApplyAsync(
                [.. conversion.Objects.Select(o => new ClusterObject(o, "conversion"))], options, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested && e.CancellationToken != cancellationToken)
        {
            // The client links the caller's token into one of its own.
            throw new OperationCanceledException(e.Message, e, cancellationToken);
        }
    }

    private async Task<PolicyApplyResult> ApplyAsync(
        List<ClusterObject> wanted, PolicyApplyOptions options, CancellationToken cancellationToken)
    {
        var tiers = wanted.Where(o => o.Kind == "Tier").ToList();
        var policies = wanted.Where(o => o.Kind != "Tier").ToList();
        foreach (var tier in tiers)
        {
            await _client.ApplyAsync(tier, cancellationToken).ConfigureAwait(false);
        }

        await WaitAsync(
            options, "Tiers are not listed", "Check that antrea-controller runs.", ct => UnlistedAsync(tiers, ct), looks: 1, cancellationToken)
            .ConfigureAwait(false);
        foreach (var policy in policies)
        {
            await WaitAsync(
                options,
                "Antrea does not know a Tier",
                "Check that antrea-controller runs and sees its Tiers.",
                async ct => await _client.ApplyAsync(policy, ct).ConfigureAwait(false) is { } answer ? [$"{policy}: {answer}"] : [],
                looks: 1,
                cancellationToken).ConfigureAwait(false);
        }

        await WaitAsync(
            options,
            "Policies are not realized",
            "Check that antrea-controller and the antrea-agent of each Node run and are connected (antreaagentinfos), then run again.",
            ct => UnrealizedAsync(policies, ct),
            looks: policies.Count == 0 ? 1 : 2,
            cancellationToken).ConfigureAwait(false);
        var removed = await RemoveUnwantedAsync(wanted, cancellationToken).ConfigureAwait(false);
        return new PolicyApplyResult([.. wanted.Select(o => o.ToString())], removed);
    }

    /// <summary>Looks until so many looks in a row find nothing missing.</summary>
    private async Task WaitAsync(
        PolicyApplyOptions options,
        string what,
        string next,
        Func<CancellationToken, Task<List<string>>> findMissing,
        int looks,
        CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        for (var good = 0; ;)
        {
            var missing = await findMissing(cancellationToken).ConfigureAwait(false);
            good = missing.Count == 0 ? good + 1 : 0;
            if (good == looks)
            {
                return;
            }

            if (missing.Count > 0 && time.GetElapsedTime(start) > options.Timeout)
            {
                throw new MigrationException($"{what} after {options.Timeout}: {string.Join("; ", missing)}.", next);
            }

            await Task.Delay(options.PollInterval, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<List<string>> UnlistedAsync(List<ClusterObject> tiers, CancellationToken cancellationToken)
    {
        if (tiers.Count == 0)
        {
            return [];
        }

        var listed = await _client.ListOursAsync("Tier", cancellationToken).ConfigureAwait(false);
        return [.. tiers.Where(t => listed.TrueForAll(l => l.Name != t.Name)).Select(t => t.ToString())];
    }

    private async Task<List<string>> UnrealizedAsync(List<ClusterObject> policies, CancellationToken cancellationToken)
    {
        var present = new Dictionary<(string, string, string), ClusterObject>();
        foreach (var kind in PolicyKinds.Where(k => policies.Exists(p => p.Kind == k)))
        {
            foreach (var policy in await _client.ListOursAsync(kind, cancellationToken).ConfigureAwait(false))
            {
                present[(policy.Kind, policy.Namespace, policy.Name)] = policy;
            }
        }

        return [.. policies.Select(p => Missing(p, present.GetValueOrDefault((p.Kind, p.Namespace, p.Name)))).OfType<string>()];
    }

    /// <summary>What keeps a policy from being in force; null when nothing does.</summary>
    private static string? Missing(ClusterObject wanted, ClusterObject? present)
    {
        if (present is null)
        {
            return $"{wanted} is not listed";
        }

        var status = present.Json["status"] as JsonObject;
        var generation = present.Json["metadata"]?["generation"]?.ToString();
        var observed = status?["observedGeneration"]?.ToString();
        var phase = status?["phase"]?.ToString() ?? "unknown";
        if (phase == "Realized" && observed == generation)
        {
            return null;
        }

        return $"{wanted} is {phase} at generation {observed ?? "none"} of {generation}, "
            + $"on {status?["currentNodesRealized"]?.ToString() ?? "0"} of {status?["desiredNodesRealized"]?.ToString() ?? "0"} Nodes";
    }

    private async Task<ImmutableArray<string>> RemoveUnwantedAsync(List<ClusterObject> wanted, CancellationToken cancellationToken)
    {
        var kept = wanted.Select(o => (o.Kind, o.Namespace, o.Name)).ToHashSet();
        var removed = ImmutableArray.CreateBuilder<string>();

        // Tiers last: Antrea keeps one that a policy still names.
        foreach (var kind in (string[])[.. PolicyKinds, "Tier"])
        {
            var ours = await _client.ListOursAsync(kind, cancellationToken).ConfigureAwait(false);
            foreach (var obj in ours.Where(o => !kept.Contains((o.Kind, o.Namespace, o.Name))))
            {
                await _client.DeleteAsync(obj, cancellationToken).ConfigureAwait(false);
                removed.Add(obj.ToString());
            }
        }

        return removed.ToImmutable();
    }
}
