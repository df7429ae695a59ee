using System.Net;

namespace Antrea.Migration.StandIns.Kernel;

/// <summary>MAC addresses that every Node can work out for every other one, from the Node's address.</summary>
internal static class HardwareAddress
{
    /// <summary>A locally administered address: two bytes that say what for, four of the Node's IPv4 address.</summary>
    public static string Of(string purpose, IPAddress node) =>
        $"02:{purpose}:{string.Join(':', node.GetAddressBytes().Select(b => b.ToString("x2")))}";
}
