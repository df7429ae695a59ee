using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Where Calico keeps its address management, and what the steps that change it share.</summary>
internal static class CalicoIpamObjects
{
    public const string Root = "apis/crd.projectcalico.org/v1";

    public static string Pool(string name) => $"{Root}/ippools/{name}";

    public static Readdressing Readdressing(MigrationContext context) =>
        context.Plan.Readdressing ?? throw new InvalidOperationException("The plan moves no addresses, but has a step that does.");

    public static async Task<CalicoIpam> ReadAsync(MigrationContext context, CancellationToken cancellationToken) =>
        (await context.ReadWholeAsync(cancellationToken).ConfigureAwait(false)).CalicoIpam;

    /// <summary>Releases what Calico has claimed inside <paramref name="ranges"/> and nobody uses, as its own code does: the claim is marked, then
    /// the block goes, then the claim. Nothing is given out from it meanwhile, since its pool is disabled.</summary>
    /// <remarks>An address whose Pod is gone is nobody's: a runtime that loads another CNI file by the time a Pod ends does not tell Calico, whose
    /// controllers free such addresses after a quarter of an hour.</remarks>
    /// <returns>How many blocks and affinities there were.</returns>
    public static async Task<int> ReleaseAsync(MigrationContext context, IReadOnlyCollection<Cidr> ranges, string next, CancellationToken cancellationToken)
    {
        ILookup<bool, IpamAllocation>? allocations = null;
        await context.WaitUntilAsync(
            async token => Describe((allocations = Inside(await context.ReadWholeAsync(token).ConfigureAwait(false), ranges))[true]), next, cancellationToken)
            .ConfigureAwait(false);
        var affinities = await InsideAsync("blockaffinities").ConfigureAwait(false);
        foreach (var affinity in affinities)
        {
            await context.Api.MergePatchAsync(
                $"{Root}/blockaffinities/{affinity}", new JsonObject { ["spec"] = new JsonObject { ["state"] = "pendingDeletion" } }, cancellationToken)
                .ConfigureAwait(false);
        }

        var blocks = await InsideAsync("ipamblocks").ConfigureAwait(false);
        foreach (var path in blocks.Select(b => $"{Root}/ipamblocks/{b}").Concat(affinities.Select(a => $"{Root}/blockaffinities/{a}")))
        {
            await context.Api.DeleteAsync(path, cancellationToken).ConfigureAwait(false);
        }

        foreach (var handle in allocations![false].Select(a => a.HandleId).Where(h => h.Length > 0).Distinct())
        {
            await DeleteHandleAsync(handle).ConfigureAwait(false);
        }

        return affinities.Count + blocks.Count;

        // The handle of a Pod with an address elsewhere as well is still needed to free that one.
        async Task DeleteHandleAsync(string handle)
        {
            var path = $"{Root}/ipamhandles/{handle.ToLowerInvariant()}";
            if ((await context.Api.GetAsync(path, cancellationToken).ConfigureAwait(false))?["spec"]?["block"] is JsonObject held
                && held.All(b => Cidr.TryParse(b.Key, out var cidr, out _) && ranges.Any(r => r.Contains(cidr))))
            {
                await context.Api.DeleteAsync(path, cancellationToken).ConfigureAwait(false);
            }
        }

        async Task<List<string>> InsideAsync(string plural) =>
            (await context.Api.ListAsync($"{Root}/{plural}", cancellationToken).ConfigureAwait(false) ?? [])
            .Where(o => Cidr.TryParse(o["spec"]?["cidr"]?.ToString(), out var cidr, out _) && ranges.Any(r => r.Overlaps(cidr)))
            .Select(o => o["metadata"]!["name"]!.GetValue<string>())
            .ToList();
    }

    /// <summary>The addresses given out inside <paramref name="ranges"/>, by whether somebody has them.</summary>
    private static ILookup<bool, IpamAllocation> Inside(ClusterSnapshot snapshot, IReadOnlyCollection<Cidr> ranges)
    {
        var pods = snapshot.Pods.ToDictionary(p => (p.Namespace, p.Name));
        return snapshot.CalicoIpam.Blocks.Where(b => ranges.Any(r => r.Overlaps(b.Cidr))).SelectMany(b => b.Allocations)
            .ToLookup(a => a.IsTunnel || a.PodNamespace is null || a.PodName is null
                || (pods.TryGetValue((a.PodNamespace, a.PodName), out var pod) && !pod.HasEnded && (pod.PodIPs.IsEmpty || pod.PodIPs.Contains(a.Address))));
    }

    private static string? Describe(IEnumerable<IpamAllocation> inUse)
    {
        var left = inUse.ToList();
        return left.Count == 0
            ? null
            : $"{left.Count} addresses are still in use: "
                + string.Join(", ", left.Take(5).Select(a => $"{a.Address} ({(a.IsTunnel ? $"{a.Type} of Node {a.Node}" : $"Pod {a.PodNamespace}/{a.PodName}")})"));
    }
}

/// <summary>Makes the new IPPools, with the settings of those they replace.</summary>
internal sealed class CreatePoolsAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var readdressing = CalicoIpamObjects.Readdressing(context);
        foreach (var pool in readdressing.Pools)
        {
            var replaced = pool.Replaces is null
                ? null
                : await context.Api.GetAsync(CalicoIpamObjects.Pool(pool.Replaces), cancellationToken).ConfigureAwait(false);
            var spec = replaced?["spec"]?.DeepClone() as JsonObject ?? [];
            spec["cidr"] = pool.Cidr.ToString();
            spec["blockSize"] = pool.BlockSize;
            spec["nodeSelector"] = "all()";
            spec["disabled"] = false;
            await context.Api.ApplyAsync(
                CalicoIpamObjects.Pool(pool.Name),
                new JsonObject
                {
                    ["apiVersion"] = "crd.projectcalico.org/v1",
                    ["kind"] = "IPPool",
                    ["metadata"] = new JsonObject { ["name"] = pool.Name },
                    ["spec"] = spec,
                },
                cancellationToken).ConfigureAwait(false);
        }

        return string.Join(", ", readdressing.Pools.Select(p => $"{p.Name} {p.Cidr}"));
    }
}

/// <summary>Disables the pools that reach into PodCIDRs, and waits until calico-node has moved every tunnel address.</summary>
internal sealed class DisablePoolsAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var old = CalicoIpamObjects.Readdressing(context).OldPools;
        foreach (var pool in (await CalicoIpamObjects.ReadAsync(context, cancellationToken).ConfigureAwait(false)).Pools.Where(p => old.Contains(p.Name)))
        {
            await context.Api.MergePatchAsync(
                CalicoIpamObjects.Pool(pool.Name), new JsonObject { ["spec"] = new JsonObject { ["disabled"] = true } }, cancellationToken).ConfigureAwait(false);
        }

        await context.WaitUntilAsync(
            async token => TunnelsLeft(await context.ReadWholeAsync(token).ConfigureAwait(false), old),
            $"Restart calico-node on the Nodes named ('kubectl -n {await TigeraOperator.NamespaceOfCalicoAsync(context, cancellationToken).ConfigureAwait(false)} delete pod'), then run the command again.",
            cancellationToken).ConfigureAwait(false);
        return $"{string.Join(", ", old)} disabled, tunnel addresses of {context.Plan.Nodes.Length} Nodes moved";
    }

    private static string? TunnelsLeft(ClusterSnapshot snapshot, IReadOnlyCollection<string> old)
    {
        var cidrs = snapshot.CalicoIpam.Pools.Where(p => old.Contains(p.Name)).Select(p => p.Cidr).ToList();
        var left = snapshot.Nodes.Where(n => n.CalicoTunnelAddresses.Any(a => cidrs.Exists(c => c.Contains(a)))).Select(n => n.Name)
            .Union(snapshot.CalicoIpam.Blocks.Where(b => cidrs.Exists(c => c.Overlaps(b.Cidr)))
                .SelectMany(b => b.Allocations).Where(a => a.IsTunnel).Select(a => a.Node ?? "unknown"))
            .Order(StringComparer.Ordinal).ToList();
        return left.Count == 0
            ? null
            : $"{left.Count} Nodes have a tunnel address from a disabled pool: {string.Join(", ", left.Take(3))}{(left.Count > 3 ? ", …" : "")}";
    }
}

/// <summary>Gives the old pools their place back: as they were where they are still there, and anew where they are not.</summary>
internal sealed class RestorePoolsAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        List<string> restored = [];
        foreach (var pool in CalicoIpamObjects.Readdressing(context).OldPoolObjects.Select(text => JsonNode.Parse(text)!.AsObject()))
        {
            var name = pool["metadata"]!["name"]!.GetValue<string>();
            var path = CalicoIpamObjects.Pool(name);
            if (await context.Api.GetAsync(path, cancellationToken).ConfigureAwait(false) is null)
            {
                await context.Api.ApplyAsync(path, pool, cancellationToken).ConfigureAwait(false);
                restored.Add($"{name} made anew");
            }
            else
            {
                // Nothing else of it was changed, by the migration at least.
                await context.Api.MergePatchAsync(
                    path, new JsonObject { ["spec"] = new JsonObject { ["disabled"] = pool["spec"]?["disabled"]?.DeepClone() } }, cancellationToken).ConfigureAwait(false);
                restored.Add($"{name} in use again");
            }
        }

        return string.Join(", ", restored);
    }
}

/// <summary>Deletes the old pools once nothing is left in them: as long as they exist, Calico does not masquerade what goes to a PodCIDR.</summary>
internal sealed class DeletePoolsAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var old = CalicoIpamObjects.Readdressing(context).OldPools;
        var pools = (await CalicoIpamObjects.ReadAsync(context, cancellationToken).ConfigureAwait(false)).Pools.Where(p => old.Contains(p.Name)).ToList();
        await CalicoIpamObjects.ReleaseAsync(
            context,
            [.. pools.Select(p => p.Cidr)],
            "Restart the Pods named; what belongs to no Pod is released with 'calicoctl ipam check' and 'calicoctl ipam release'. Then run the command again.",
            cancellationToken).ConfigureAwait(false);
        foreach (var pool in pools)
        {
            await context.Api.DeleteAsync(CalicoIpamObjects.Pool(pool.Name), cancellationToken).ConfigureAwait(false);
        }

        await context.WaitUntilAsync(
            async token => (await CalicoIpamObjects.ReadAsync(context, token).ConfigureAwait(false)).Pools.FirstOrDefault(p => old.Contains(p.Name)) is { } left
                ? $"IPPool {left.Name} is still there"
                : null,
            "See the pool's finalizers; calico-kube-controllers removes its own.",
            cancellationToken).ConfigureAwait(false);
        return $"{string.Join(", ", old)} deleted, no address was left in it";
    }
}
