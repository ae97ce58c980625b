!! The set of fields that NEMO exchanges with an atmosphere, under NEMO's names (module sbccpl with
!! 'mixed oce-ice', 'conservative' and 'cartesian').
module nemo_fields
  implicit none (type, external)
  private

  !! What the ocean receives: means over an interval, into the surface, per area of sea but those
  !! over ice (..Ice), per area of ice. Stress [N m-2], solar and other heat [W m-2], evaporation,
  !! rain and snow [kg m-2 s-1], change of heat with the temperature of ice [W m-2 K-1]; and one
  !! state, pressure at sea level [Pa].
  character(8), parameter, public :: received_names(13) = [character(8) :: &
    "O_OTaux1", "O_OTauy1", "O_OTauz1", "O_QsrMix", "O_QnsMix", "OTotEvap", "OTotRain", &
    "OTotSnow", "O_QsrIce", "O_QnsIce", "OIceEvap", "O_dQnsdT", "O_MSLP"]
  integer, parameter, public :: stress = 1, solar = 4, nonsolar = 5, evaporation = 6, rain = 7, &
    snow = 8, ice_solar = 9, ice_nonsolar = 10, ice_evaporation = 11, ice_sensitivity = 12, &
    pressure = 13

  !! What it gives at the end of an interval: temperature of the sea [K], fraction of ice [1],
  !! temperature [K] and albedo [1] of ice, current [m s-1].
  character(8), parameter, public :: sent_names(8) = [character(8) :: "O_SSTSST", "OIceFrc", &
    "O_TepIce", "O_AlbVis", "O_AlbNIR", "O_OCurx1", "O_OCury1", "O_OCurz1"]
  integer, parameter, public :: temperature = 1, ice_fraction = 2, ice_temperature = 3, &
    visible_albedo = 4, near_infrared_albedo = 5, current = 6

end module nemo_fields
