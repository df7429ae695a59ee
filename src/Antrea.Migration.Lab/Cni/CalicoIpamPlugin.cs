using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Cni;

/// <summary>Calico's address management over the objects in the API: pools, blocks, affinities and handles.</summary>
/// <remarks>
/// <para>A Node first uses the blocks affine to it; when they are full it claims the next free one
/// (<see cref="CalicoBlockChooser"/>), up to <c>maxBlocksPerHost</c>; after that it borrows single addresses from other
/// Nodes' blocks, unless affinity is strict. Within a block the head of the free list is next.</para>
/// <para>Source: Calico v3.26 <c>libcalico-go/lib/ipam/ipam.go</c>. IPReservations are not read. Thread-safe.</para>
/// </remarks>
internal sealed class CalicoIpamPlugin(IObjectStore store)
{
    private const int DefaultMaxBlocksPerHost = 20;
    private readonly Lock _gate = new();

    /// <summary>Gives <paramref name="node"/> one address.</summary>
    /// <param name="node">The Node that will use it.</param>
    /// <param name="handle">The handle to free it by.</param>
    /// <param name="attributes">The attributes to store with it (<c>secondary</c>).</param>
    /// <param name="use"><c>Workload</c> or <c>Tunnel</c>: pools not allowed for it are skipped.</param>
    /// <param name="family">IPv4 unless said otherwise.</param>
    /// <exception cref="CniException">No enabled pool has a free address for this Node.</exception>
    public IPAddress Assign(string node, string handle, JsonObject attributes, string use, AddressFamily family = AddressFamily.InterNetwork)
    {
        lock (_gate)
        {
            var pools = Pools(node, use).Where(p => p.Cidr.FirstAddress.AddressFamily == family).ToList();
            if (pools.Count == 0)
            {
                throw new CniException($"no configured Calico pools for node {node} (use {use})");
            }

            var config = store.Peek(CniKinds.IpamConfig, "", "default").At("spec");
            var address = FromAffineBlocks(node, pools, handle, attributes)
                ?? FromNewBlock(node, pools, config, handle, attributes)
                ?? (config.Flag("strictAffinity") ? null : FromOthersBlocks(node, pools, handle, attributes));
            return address ?? throw new CniException(
                $"failed to request {(family == AddressFamily.InterNetwork ? "IPv4" : "IPv6")} address: no free address for node {node} in {string.Join(", ", pools.Select(p => p.Cidr))}");
        }
    }

    /// <summary>Frees every address of a handle; returns how many there were. An emptied block without a Node goes away.</summary>
    public int Release(string handle)
    {
        lock (_gate)
        {
            var freed = 0;
            foreach (var name in HandleBlocks(handle))
            {
                var isOrphan = false;
                store.Mutate(CniKinds.IpamBlock, "", name, json =>
                {
                    var block = new CalicoBlock(json);
                    var here = block.Release(handle);
                    freed += here;
                    isOrphan = block.IsEmpty && block.Node is null;
                    return here > 0;
                });
                if (isOrphan)
                {
                    store.Delete(CniKinds.IpamBlock, "", name);
                }
            }

            store.Delete(CniKinds.IpamHandle, "", HandleName(handle));
            return freed;
        }
    }

    private static string HandleName(string handle) => handle.ToLowerInvariant();

    private IEnumerable<string> HandleBlocks(string handle)
    {
        var blocks = store.Peek(CniKinds.IpamHandle, "", HandleName(handle)).At("spec", "block") as JsonObject ?? [];
        return [.. blocks.Select(b => CalicoBlock.NameOf(Cidr.Parse(b.Key)))];
    }

    private IEnumerable<(Cidr Cidr, int BlockSize)> Pools(string node, string use)
    {
        foreach (var pool in store.PeekAll(CniKinds.IPPool))
        {
            var spec = pool["spec"];
            if (spec.Flag("disabled")
                || spec.Text("assignmentMode") == "Manual"
                || (spec.Texts("allowedUses").Any() && !spec.Texts("allowedUses").Contains(use))
                || !Selects(pool, node))
            {
                continue;
            }

            if (!Cidr.TryParse(spec.Text("cidr"), out var cidr, out var error))
            {
                throw new CniException($"IPPool/{pool.NameOf()}: spec.cidr: {error}");
            }

            yield return (cidr, (int)(spec.Number("blockSize") ?? (cidr.IsIPv6 ? 122 : 26)));
        }
    }

    private static bool Selects(JsonObject pool, string node)
    {
        var selector = pool.Text("spec", "nodeSelector") ?? "all()";
        const string ByHostname = "kubernetes.io/hostname == ";
        return selector is "all()" or ""
            || (selector.StartsWith(ByHostname, StringComparison.Ordinal)
                ? selector[ByHostname.Length..].Trim('\'', '"') == node
                : throw new CniException(
                    $"IPPool/{pool.NameOf()}: the lab's IPAM reads nodeSelector all() and kubernetes.io/hostname == '…' only, not {selector}"));
    }

    private IPAddress? FromAffineBlocks(
        string node, List<(Cidr Cidr, int BlockSize)> pools, string handle, JsonObject attributes) =>
        Affinities(node)
            .Where(block => pools.Any(p => p.Cidr.Contains(block)))
            .Select(block => AssignFrom(block, handle, attributes))
            .FirstOrDefault(a => a is not null);

    private IPAddress? FromNewBlock(
        string node, List<(Cidr Cidr, int BlockSize)> pools, JsonNode? config, string handle, JsonObject attributes)
    {
        var most = config.Number("maxBlocksPerHost") is { } set and > 0 ? set : DefaultMaxBlocksPerHost;
        if ((config.At("autoAllocateBlocks") is not null && !config.Flag("autoAllocateBlocks"))
            || Affinities(node).Count(block => block.IsIPv6 == pools[0].Cidr.IsIPv6) >= most)
        {
            return null;
        }

        var taken = store.PeekAll(CniKinds.IpamBlock).Concat(store.PeekAll(CniKinds.BlockAffinity))
            .Where(o => !IsDeleted(o)).Select(o => o.Text("spec", "cidr")).ToHashSet();
        foreach (var pool in pools)
        {
            foreach (var candidate in CalicoBlockChooser.Candidates(pool.Cidr, pool.BlockSize, node))
            {
                if (!taken.Contains(candidate.ToString()))
                {
                    Claim(node, candidate);
                    return AssignFrom(candidate, handle, attributes);
                }
            }
        }

        return null;
    }

    private IPAddress? FromOthersBlocks(
        string node, List<(Cidr Cidr, int BlockSize)> pools, string handle, JsonObject attributes)
    {
        foreach (var pool in pools)
        {
            foreach (var candidate in CalicoBlockChooser.Candidates(pool.Cidr, pool.BlockSize, node))
            {
                if (AssignFrom(candidate, handle, attributes) is { } address)
                {
                    return address;
                }
            }
        }

        return null;
    }

    private List<Cidr> Affinities(string node) =>
        [.. store.PeekAll(CniKinds.BlockAffinity)
            .Where(a => a.Text("spec", "node") == node && !IsDeleted(a))
            .Select(a => Cidr.Parse(a.Text("spec", "cidr") ?? ""))];

    private static bool IsDeleted(JsonObject obj) =>
        obj.At("spec", "deleted") is JsonValue value && value.ToString() == "true";

    private void Claim(string node, Cidr block)
    {
        var affinity = new JsonObject
        {
            ["apiVersion"] = CniKinds.BlockAffinity.ApiVersion,
            ["kind"] = CniKinds.BlockAffinity.Kind,
            ["metadata"] = new JsonObject { ["name"] = $"{node}-{CalicoBlock.NameOf(block)}" },
            ["spec"] = new JsonObject
            {
                ["cidr"] = block.ToString(),
                ["deleted"] = "false",
                ["node"] = node,
                ["state"] = "pending",
            },
        };
        store.Create(CniKinds.BlockAffinity, affinity);
        store.Create(CniKinds.IpamBlock, CalicoBlock.Create(block, node).Json);
        affinity["spec"]!["state"] = "confirmed";
        store.Update(CniKinds.BlockAffinity, affinity);
    }

    private IPAddress? AssignFrom(Cidr cidr, string handle, JsonObject attributes)
    {
        IPAddress? address = null;
        store.Mutate(CniKinds.IpamBlock, "", CalicoBlock.NameOf(cidr), json =>
            !IsDeleted(json) && (address = new CalicoBlock(json).Assign(handle, attributes)) is not null);
        if (address is not null)
        {
            Count(handle, cidr);
        }

        return address;
    }

    private void Count(string handle, Cidr block)
    {
        var name = HandleName(handle);
        var counted = store.Mutate(CniKinds.IpamHandle, "", name, json =>
        {
            var blocks = json.Ensure("spec").Ensure("block");
            blocks[block.ToString()] = (blocks.Number(block.ToString()) ?? 0) + 1;
            return true;
        });
        if (counted is null)
        {
            store.Create(CniKinds.IpamHandle, new JsonObject
            {
                ["apiVersion"] = CniKinds.IpamHandle.ApiVersion,
                ["kind"] = CniKinds.IpamHandle.Kind,
                ["metadata"] = new JsonObject { ["name"] = name },
                ["spec"] = new JsonObject
                {
                    ["block"] = new JsonObject { [block.ToString()] = 1 },
                    ["deleted"] = false,
                    ["handleID"] = handle,
                },
            });
        }
    }
}
