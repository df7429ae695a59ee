using System.Net.Sockets;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.StandIns.AntreaNode;

/// <summary>Antrea's CNI plugin: hands the call to the Node's agent.</summary>
internal sealed class AntreaCni : ICniPlugin
{
    public const string SocketPath = "/var/run/antrea/cni.sock";

    public JsonObject Add(CniCall call) =>
        Ask(call).Object("result") ?? throw new StandInException("the agent gave no result");

    public void Delete(CniCall call) => Ask(call);

    private static JsonObject Ask(CniCall call)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(SocketPath));
            using var stream = new NetworkStream(socket);
            using var writer = new StreamWriter(stream) { AutoFlush = true };
            using var reader = new StreamReader(stream);
            writer.WriteLine(AgentCall.ToJson(call).ToJsonString());
            var answer = JsonNode.Parse(reader.ReadLine() ?? throw new StandInException("the agent closed the connection")) as JsonObject ?? [];
            return answer.Text("error") is { } error ? throw new StandInException(error) : answer;
        }
        catch (SocketException e)
        {
            throw new StandInException($"rpc error: code = Unavailable desc = connection error: dial unix {SocketPath}: {e.Message}", e);
        }
    }
}

/// <summary>A CNI call on its way to the agent.</summary>
internal static class AgentCall
{
    public static JsonObject ToJson(CniCall call) => new()
    {
        ["command"] = call.Command,
        ["containerId"] = call.ContainerId,
        ["netns"] = call.Netns,
        ["ifName"] = call.IfName,
        ["args"] = call.Args,
        ["config"] = call.Config.DeepClone(),
    };

    public static CniCall Parse(string text)
    {
        var json = JsonNode.Parse(text);
        return new CniCall(Field("command"), Field("containerId"), Field("netns"), Field("ifName"), Field("args"), json.Object("config") ?? []);

        string Field(string name) => json.Text(name) ?? "";
    }
}
