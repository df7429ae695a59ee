using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Policies.Conversion;
using k8s;

namespace Antrea.Migration.Policies.Application;

/// <summary>Brings converted policies into a cluster: Tiers, groups, policies, the wait until every Node has them, and the removal of what an
/// earlier run wrote and this one does not want.</summary>
/// <remarks>
/// The server is asked what it would store of every object before the first policy is written, so that none is in force that lost a field.
/// Safe to repeat: server-side apply changes nothing where nothing differs. Old objects go last, so that no gap opens. Only objects with
/// the label <c>app.kubernetes.io/managed-by: antrea-migrator</c> and the annotation that names their origin are ever changed or removed; one
/// of somebody else with a name that is wanted ends the run before anything is written. Source of the waits: Antrea
/// <c>pkg/controller/networkpolicy/status_controller.go</c>, v1.14 to v2.7.
/// </remarks>
public sealed class PolicyApplier
{
    private static readonly string[] PolicyKinds = ["ClusterNetworkPolicy", "NetworkPolicy"];

    private static readonly string[] GroupKinds = ["ClusterGroup", "Group"];

    private readonly AntreaObjectClient _client;
    private readonly TimeProvider _time;

    /// <summary>Works on the cluster behind <paramref name="client"/>.</summary>
    /// <param name="client">The API server. Stays the caller's.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public PolicyApplier(Kubernetes client, TimeProvider? time = null)
        : this(new KubernetesApi(client ?? throw new ArgumentNullException(nameof(client)), time ?? TimeProvider.System), time ?? TimeProvider.System)
    {
    }

    internal PolicyApplier(KubernetesApi api, TimeProvider time)
    {
        _client = new AntreaObjectClient(api);
        _time = time;
    }

    /// <summary>Applies a conversion and returns when Antrea has realized it.</summary>
    /// <exception cref="MigrationException">The conversion holds refusals or takes the name of somebody else's object (nothing is written then); the API server refused or could not be reached;
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

    /// <summary>Removes everything that earlier applications wrote: policies first, then what they name.</summary>
    /// <exception cref="MigrationException">The API server refused or could not be reached.</exception>
    internal Task<ImmutableArray<string>> WithdrawAsync(CancellationToken cancellationToken) => RemoveUnwantedAsync([], cancellationToken);

    private async Task<PolicyApplyResult> ApplyAsync(
        List<ClusterObject> wanted, PolicyApplyOptions options, CancellationToken cancellationToken)
    {
        await RefuseForeignAsync(wanted, cancellationToken).ConfigureAwait(false);
        var tiers = wanted.FindAll(o => o.Kind == "Tier");
        var groups = wanted.FindAll(o => GroupKinds.Contains(o.Kind));
        var policies = wanted.FindAll(o => PolicyKinds.Contains(o.Kind));
        foreach (var obj in tiers.Concat(groups))
        {
            await _client.TryAsync(obj, cancellationToken).ConfigureAwait(false);
        }

        foreach (var tier in tiers)
        {
            await _client.ApplyAsync(tier, cancellationToken).ConfigureAwait(false);
        }

        await WaitAsync(
            options, "Tiers are not listed", "Check that antrea-controller runs.", ct => UnlistedAsync(tiers, ct), looks: 1, cancellationToken)
            .ConfigureAwait(false);

        // Of all policies before the first is written: half of them would be another set.
        await ForEachPolicyAsync(_client.TryAsync).ConfigureAwait(false);
        foreach (var group in groups)
        {
            await _client.ApplyAsync(group, cancellationToken).ConfigureAwait(false);
        }

        await WaitAsync(
            options,
            "Groups have no members yet",
            "Check that antrea-controller runs, and what the group's status says.",
            ct => MissingAsync(groups, GroupKinds, MissingMembers, ct),
            looks: 1,
            cancellationToken).ConfigureAwait(false);
        await ForEachPolicyAsync(_client.ApplyAsync).ConfigureAwait(false);
        await WaitAsync(
            options,
            "Policies are not realized",
            "Check that antrea-controller and the antrea-agent of each Node run and are connected (antreaagentinfos), then run again.",
            ct => MissingAsync(policies.FindAll(HasRules), PolicyKinds, p => MissingNodes(p, options.NodesOf?.GetValueOrDefault(KeyOf(p))), ct),
            looks: policies.Count == 0 ? 1 : 2,
            cancellationToken).ConfigureAwait(false);
        var removed = await RemoveUnwantedAsync(wanted, cancellationToken).ConfigureAwait(false);
        return new PolicyApplyResult([.. wanted.Select(o => o.ToString())], removed);

        // antrea-controller judges by a cache that may lag behind a new Tier.
        async Task ForEachPolicyAsync(Func<ClusterObject, CancellationToken, Task<string?>> send)
        {
            foreach (var policy in policies)
            {
                await WaitAsync(
                    options,
                    "Antrea does not know a Tier",
                    "Check that antrea-controller runs and sees its Tiers.",
                    async ct => await send(policy, ct).ConfigureAwait(false) is { } answer ? [$"{policy}: {answer}"] : [],
                    looks: 1,
                    cancellationToken).ConfigureAwait(false);
            }
        }
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
        var start = _time.GetTimestamp();
        for (var good = 0; ;)
        {
            var missing = await findMissing(cancellationToken).ConfigureAwait(false);
            good = missing.Count == 0 ? good + 1 : 0;
            if (good == looks)
            {
                return;
            }

            if (missing.Count > 0 && _time.GetElapsedTime(start) > options.Timeout)
            {
                throw new MigrationException($"{what} after {options.Timeout}: {string.Join("; ", missing)}.", next);
            }

            await Task.Delay(options.PollInterval, _time, cancellationToken).ConfigureAwait(false);
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

    /// <summary>What each object lacks, as its status says.</summary>
    private async Task<List<string>> MissingAsync(
        List<ClusterObject> objects, string[] kinds, Func<ClusterObject, string?> missing, CancellationToken cancellationToken)
    {
        var present = new Dictionary<(string, string, string), ClusterObject>();
        foreach (var kind in kinds.Where(k => objects.Exists(p => p.Kind == k)))
        {
            foreach (var obj in await _client.ListOursAsync(kind, cancellationToken).ConfigureAwait(false))
            {
                present[KeyOf(obj)] = obj;
            }
        }

        return [.. objects.Select(o => present.TryGetValue(KeyOf(o), out var there) ? missing(there) : $"{o} is not listed").OfType<string>()];
    }

    private static (string Kind, string Namespace, string Name) KeyOf(ClusterObject obj) => (obj.Kind, obj.Namespace, obj.Name);

    /// <summary>No agent ever reports a policy without rules.</summary>
    private static bool HasRules(ClusterObject policy) =>
        policy.Json["spec"] is JsonObject spec && (spec["ingress"] is JsonArray { Count: > 0 } || spec["egress"] is JsonArray { Count: > 0 });

    /// <summary>What keeps a group from being used; null when nothing does.</summary>
    private static string? MissingMembers(ClusterObject present)
    {
        var condition = (present.Json["status"]?["conditions"] as JsonArray ?? [])
            .FirstOrDefault(c => c?["type"]?.ToString() == "GroupMembersComputed");
        return condition?["status"]?.ToString() == "True"
            ? null
            : $"{present} has GroupMembersComputed {condition?["status"]?.ToString() ?? "unset"} {condition?["message"]}".TrimEnd();
    }

    /// <summary>What keeps a policy from being in force; null when nothing does.</summary>
    /// <param name="present">The policy.</param>
    /// <param name="nodes">On how many Nodes it must be; null: on as many as its status says.</param>
    internal static string? MissingNodes(ClusterObject present, int? nodes = null)
    {
        var status = present.Json["status"] as JsonObject;
        var generation = present.Json["metadata"]?["generation"]?.ToString();
        var observed = status?["observedGeneration"]?.ToString();
        var phase = status?["phase"]?.ToString() ?? "unknown";
        var isThere = nodes is { } wanted ? phase != "Failed" && (status.NumberAt("currentNodesRealized") ?? 0) >= wanted : phase == "Realized";
        if (isThere && observed == generation)
        {
            return null;
        }

        return $"{present} is {phase} at generation {observed ?? "none"} of {generation}, "
            + $"on {status?["currentNodesRealized"]?.ToString() ?? "0"} of {nodes?.ToString(CultureInfo.InvariantCulture) ?? status?["desiredNodesRealized"]?.ToString() ?? "0"} Nodes";
    }

    /// <exception cref="MigrationException">An object that somebody else wrote has a name that is wanted, or a group would have to be edited in a way
    /// that Antrea never notices.</exception>
    private async Task RefuseForeignAsync(List<ClusterObject> wanted, CancellationToken cancellationToken)
    {
        foreach (var ofKind in wanted.GroupBy(o => o.Kind))
        {
            var present = (await _client.ListAllAsync(ofKind.Key, cancellationToken).ConfigureAwait(false)).ToDictionary(KeyOf);
            var there = ofKind.Where(o => present.ContainsKey(KeyOf(o))).ToList();
            var foreign = there.FindAll(o => !AntreaObjectClient.IsOurs(present[KeyOf(o)]));
            if (foreign.Count > 0)
            {
                throw new MigrationException(
                    $"{string.Join(", ", foreign)} {(foreign.Count == 1 ? "is" : "are")} there already and not of an earlier run; nothing was applied.",
                    "Rename or delete what is there, then run again.");
            }

            // The controller compares a group's networks the wrong way round, and keeps the old ones.
            if (GroupKinds.Contains(ofKind.Key)
                && there.Find(o => !JsonNode.DeepEquals(o.Json["spec"]?["ipBlocks"], present[KeyOf(o)].Json["spec"]?["ipBlocks"])) is { } edited)
            {
                throw new MigrationException(
                    $"{edited} is there with other ipBlocks, and Antrea does not notice an edit of those; nothing was applied.",
                    "Delete the policies that name the group, then the group, and run again.");
            }
        }
    }

    private async Task<ImmutableArray<string>> RemoveUnwantedAsync(List<ClusterObject> wanted, CancellationToken cancellationToken)
    {
        var kept = wanted.Select(KeyOf).ToHashSet();
        var removed = ImmutableArray.CreateBuilder<string>();

        // What policies name goes after them; Antrea keeps a Tier that one still names.
        foreach (var kind in (string[])[.. PolicyKinds, .. GroupKinds, "Tier"])
        {
            var ours = await _client.ListOursAsync(kind, cancellationToken).ConfigureAwait(false);
            foreach (var obj in ours.Where(o => !kept.Contains(KeyOf(o))))
            {
                await _client.DeleteAsync(obj, cancellationToken).ConfigureAwait(false);
                removed.Add(obj.ToString());
            }
        }

        return removed.ToImmutable();
    }
}
