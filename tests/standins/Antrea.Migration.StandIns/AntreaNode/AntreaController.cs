using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.StandIns.Kube;

namespace Antrea.Migration.StandIns.AntreaNode;

/// <summary>antrea-controller: its own report, an empty one for each Node's agent, and the port that its Service points to.</summary>
/// <remarks>Neither webhooks nor policies: a cluster with these stand-ins takes no Antrea policies, as the manifest's webhooks would have to
/// be asked.</remarks>
internal static class AntreaController
{
    private const int Port = 10349;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    public static int Run()
    {
        var node = Variable("NODE_NAME");
        var pod = (Variable("POD_NAMESPACE"), Variable("POD_NAME"));
        using var objects = new KubeObjects(KubeCredentials.InCluster());
        using var health = new HealthEndpoint(IPAddress.Any, Port) { IsReady = true };
        var reported = DateTimeOffset.MinValue;
        do
        {
            try
            {
                if (DateTimeOffset.UtcNow - reported > TimeSpan.FromSeconds(60))
                {
                    objects.CreateOrReplace(CniKinds.AntreaControllerInfo, AntreaInfos.Controller(node, "v2.7.0", pod, objects.Now));
                    reported = DateTimeOffset.UtcNow;
                }

                var known = objects.PeekAll(CniKinds.AntreaAgentInfo).Select(i => i.NameOf()).ToHashSet();
                foreach (var name in objects.PeekAll(ResourceType.Node).Select(n => n.NameOf()).Where(n => !known.Contains(n)))
                {
                    objects.CreateMissing(CniKinds.AntreaAgentInfo, new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } });
                }
            }
            catch (Exception e) when (e is StandInException or StoreConflictException)
            {
                Console.Error.WriteLine($"antrea-controller: {e.Message}");
            }
        }
        while (!Idle.WaitForEnd(Interval));
        return 0;
    }

    private static string Variable(string name) =>
        Environment.GetEnvironmentVariable(name) ?? throw new StandInException($"{name} is not set");
}
