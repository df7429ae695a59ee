using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>Services in a nat table, as kube-proxy writes them: a chain a port, one endpoint by chance, and a mark for what must be masqueraded.</summary>
/// <remarks>Source: Kubernetes pkg/proxy/iptables/proxier.go.</remarks>
internal static class ServiceRules
{
    /// <summary>What is masqueraded when it leaves.</summary>
    public const string Mark = "0x4000/0x4000";

    /// <summary>What a REJECT answers with when nobody listens.</summary>
    public static string PortUnreachable(bool isIPv6) => isIPv6 ? "icmp6-port-unreachable" : "icmp-port-unreachable";

    public static ImmutableArray<ServicePort> OfFamily(ImmutableArray<ServicePort> services, bool isIPv6) =>
        services.RemoveAll(service => LayoutWords.IsIPv6(service.Address.Address) != isIPv6);

    public static string Match(ServicePort service) =>
        $"-d {LayoutWords.Alone(service.Address.Address)} -p {Protocol(service)} -m {Protocol(service)} --dport {service.Address.Port}";

    /// <param name="text">The nat table so far.</param>
    /// <param name="chain">The chain that has been made for them.</param>
    /// <param name="services">Those without endpoints are left to the filter table.</param>
    /// <param name="fromOutside">Matches what comes from outside the cluster and is marked; null for nothing.</param>
    public static void Append(StringBuilder text, string chain, ImmutableArray<ServicePort> services, string? fromOutside)
    {
        foreach (var service in services.Where(service => !service.EndPoints.IsEmpty))
        {
            var name = $"SVC-{Convert.ToHexString(service.Address.Address.GetAddressBytes())[^8..]}-{service.Address.Port}{Protocol(service)[0]}";
            text.Append(CultureInfo.InvariantCulture, $":{name} - [0:0]\n-A {chain} {Match(service)} -j {name}\n");
            if (fromOutside is not null)
            {
                text.Append(CultureInfo.InvariantCulture, $"-A {name} {fromOutside} -j MARK --set-xmark {Mark}\n");
            }

            for (var i = 0; i < service.EndPoints.Length; i++)
            {
                var (end, left) = (service.EndPoints[i], service.EndPoints.Length - i);
                var endChain = $"{name}-{i}";
                text.Append(CultureInfo.InvariantCulture, $":{endChain} - [0:0]\n-A {name} ")
                    .Append(left == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $"-m statistic --mode random --probability {1.0 / left:0.00000000} "))
                    .Append(CultureInfo.InvariantCulture, $"-j {endChain}\n-A {endChain} -s {LayoutWords.Alone(end.Address)} -j MARK --set-xmark {Mark}\n")
                    .Append(CultureInfo.InvariantCulture, $"-A {endChain} -p {Protocol(service)} -m {Protocol(service)} -j DNAT --to-destination {end}\n");
            }
        }
    }

    private static string Protocol(ServicePort service) => service.Protocol == TransportProtocol.Tcp ? "tcp" : "udp";
}
