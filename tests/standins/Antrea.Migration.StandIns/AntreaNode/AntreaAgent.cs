using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.StandIns.Kube;

namespace Antrea.Migration.StandIns.AntreaNode;

/// <summary>antrea-agent in encap mode: data plane, CNI server, health endpoint, heartbeats. What it laid stays when it ends.</summary>
internal static class AntreaAgent
{
    private const int HealthPort = 10350;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan UntilConnected = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(60);

    public static int Run()
    {
        var name = Variable("NODE_NAME");
        var pod = (Variable("POD_NAMESPACE"), Variable("POD_NAME"));
        using var objects = new KubeObjects(KubeCredentials.InCluster());
        using var health = new HealthEndpoint(IPAddress.Loopback, HealthPort);
        var (self, podCidr) = Self(objects, name);
        AntreaDataplane.Install(self, podCidr);
        using var server = new AntreaCniServer(podCidr);
        using var bridge = new OpenVSwitch();
        health.IsReady = true;
        var changes = new KubeChanges(objects, ResourceType.Node);
        var peers = "";
        var reported = DateTimeOffset.MinValue;
        var connected = false;
        do
        {
            try
            {
                peers = SetPeers(objects, self, podCidr, peers);
                var isConnected = ReachesController();
                if (isConnected != connected || DateTimeOffset.UtcNow - reported > Heartbeat)
                {
                    var info = AntreaInfos.Agent(name, "v2.7.0", pod, [podCidr], server.PortCount, isConnected, objects.Now);
                    if (Report(objects, info))
                    {
                        (reported, connected) = (DateTimeOffset.UtcNow, isConnected);
                    }
                }
            }
            catch (Exception e) when (e is StandInException or StoreConflictException)
            {
                Console.Error.WriteLine($"antrea-agent: {e.Message}");
            }
        }
        while (!changes.WaitForEnd(connected ? Interval : UntilConnected));
        return 0;
    }

    private static (PeerNode Self, Cidr PodCidr) Self(KubeObjects objects, string name)
    {
        while (true)
        {
            if (objects.Peek(ResourceType.Node, "", name) is { } json && ClusterView.ReadNode(json) is { PodCidr: { } cidr } self)
            {
                return (self, cidr);
            }

            Console.Error.WriteLine($"antrea-agent: Spec.PodCIDR of Node {name} is not set yet");
            if (Idle.WaitForEnd(UntilConnected))
            {
                throw new StandInException("ended before the Node had a PodCIDR");
            }
        }
    }

    private static string SetPeers(KubeObjects objects, PeerNode self, Cidr podCidr, string seen)
    {
        var nodes = objects.PeekAll(ResourceType.Node).Select(ClusterView.ReadNode).OfType<PeerNode>().ToList();
        var now = string.Join('\n', nodes);
        if (now != seen)
        {
            AntreaDataplane.SetPeers(self, podCidr, nodes);
        }

        return now;
    }

    /// <summary>The controller makes the object; an agent may only fill it in. False when it is not there yet.</summary>
    private static bool Report(KubeObjects objects, JsonObject info) =>
        objects.Mutate(CniKinds.AntreaAgentInfo, "", info.NameOf(), old =>
        {
            foreach (var (field, value) in info.Where(f => f.Key != "metadata"))
            {
                old[field] = value?.DeepClone();
            }

            return true;
        }) is not null;

    /// <summary>Whether the controller's Service accepts connections.</summary>
    private static bool ReachesController()
    {
        try
        {
            using var client = new TcpClient();
            return client.ConnectAsync(Variable("ANTREA_SERVICE_HOST"), int.Parse(Variable("ANTREA_SERVICE_PORT"))).Wait(TimeSpan.FromSeconds(2));
        }
        catch (AggregateException e) when (e.InnerException is SocketException)
        {
            return false;
        }
    }

    private static string Variable(string name) =>
        Environment.GetEnvironmentVariable(name) ?? throw new StandInException($"{name} is not set");
}
