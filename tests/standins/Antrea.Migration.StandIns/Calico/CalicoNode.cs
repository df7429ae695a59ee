using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.StandIns.Kube;

namespace Antrea.Migration.StandIns.Calico;

/// <summary>calico-node: default pool, tunnel address, routes and rules, kept up to date until it is told to end. All of it stays.</summary>
/// <remarks>Source: Calico v3.26 <c>node/pkg/lifecycle/startup</c>, <c>node/pkg/allocateip</c>; what each does is said at the lab's
/// <see cref="CalicoNodeProgram"/>.</remarks>
internal static class CalicoNode
{
    /// <summary>How long a change may go unseen that no watch tells of: an address borrowed from another Node's block.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan AfterFailure = TimeSpan.FromSeconds(2);

    public static int Run(string[] arguments) => arguments switch
    {
        [] => Serve(),
        ["-init", ..] => 0,
        ["-shutdown", ..] => 0,
        _ => Idle.Check(), // -felix-live, -felix-ready, -bird-live, -bird-ready
    };

    private static int Serve()
    {
        var node = Environment.GetEnvironmentVariable("NODENAME") ?? throw new StandInException("NODENAME is not set");
        Directory.CreateDirectory("/var/lib/calico");
        File.WriteAllText("/var/lib/calico/nodename", node);
        using var objects = new KubeObjects(KubeCredentials.InCluster());
        CalicoDefaults.Ensure(objects, Environment.GetEnvironmentVariable, "v3.26.1");
        var changes = new KubeChanges(objects, ResourceType.Node, CniKinds.IPPool, CniKinds.BlockAffinity);
        var seen = "";
        var failed = false;
        do
        {
            try
            {
                seen = Reconcile(objects, node, seen);
                Idle.SetReady(true);
                failed = false;
            }
            catch (Exception e) when (e is StandInException or StoreConflictException or CniException)
            {
                Console.Error.WriteLine($"calico-node: {e.Message}");
                Idle.SetReady(!failed);
                failed = true;
            }
        }
        while (!changes.WaitForEnd(failed ? AfterFailure : Interval));
        return 0;
    }

    /// <summary>Lays what the cluster says, unless that is what was seen before; returns what was seen.</summary>
    private static string Reconcile(KubeObjects objects, string node, string seen)
    {
        var pools = objects.PeekAll(CniKinds.IPPool).Select(ClusterView.ReadPool).OfType<CalicoPoolView>().ToList();
        var nodes = objects.PeekAll(ResourceType.Node).Select(ClusterView.ReadNode).OfType<PeerNode>().ToList();
        var self = nodes.Find(n => n.Name == node) ?? throw new StandInException($"Node {node} has no InternalIP");
        var tunnel = TunnelAddress(objects, self, pools, isFirst: seen.Length == 0);
        var ranges = objects.PeekAll(CniKinds.IpamBlock).SelectMany(ClusterView.ReadBlock).ToList();
        var now = string.Join('\n', ((IEnumerable<object>)pools).Concat(nodes).Concat(ranges).Append(tunnel));
        if (now != seen)
        {
            CalicoDataplane.Apply(self, tunnel, nodes, ranges, pools);
        }

        return now;
    }

    private static IPAddress TunnelAddress(KubeObjects objects, PeerNode self, List<CalicoPoolView> pools, bool isFirst)
    {
        var usable = pools.Where(p => !p.Disabled && p.ForTunnels && p.Ipip != "Never").ToList();
        var handle = $"ipip-tunnel-addr-{self.Name}";
        var annotated = objects.Peek(ResourceType.Node, "", self.Name).Text("metadata", "annotations", CalicoTunnel.Ipip.Annotation);
        if (IPAddress.TryParse(annotated, out var kept) && usable.Exists(p => p.Cidr.Contains(kept)))
        {
            if (isFirst)
            {
                Report(objects, self, kept);
            }

            return kept;
        }

        if (usable.Count == 0)
        {
            return kept ?? throw new StandInException("no pool that a tunnel address could come from");
        }

        CalicoAddresses.Release(objects, handle);
        var address = CalicoAddresses.Assign(
            objects, self.Name, handle, new JsonObject { ["node"] = self.Name, ["type"] = "ipipTunnelAddress" }, "Tunnel");
        Report(objects, self, address);
        return address;
    }

    private static void Report(KubeObjects objects, PeerNode self, IPAddress tunnel)
    {
        var annotations = new JsonObject
        {
            ["projectcalico.org/IPv4Address"] = $"{self.Address}/16",
            [CalicoTunnel.Ipip.Annotation] = tunnel.ToString(),
        };
        var condition = new JsonObject
        {
            ["type"] = "NetworkUnavailable",
            ["status"] = "False",
            ["reason"] = "CalicoIsUp",
            ["message"] = "Calico is running on this node",
            ["lastHeartbeatTime"] = objects.Now,
            ["lastTransitionTime"] = objects.Now,
        };
        objects.PatchStatus(
            ResourceType.Node,
            "",
            self.Name,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["annotations"] = annotations },
                ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) },
            },
            strategic: true);
    }
}
